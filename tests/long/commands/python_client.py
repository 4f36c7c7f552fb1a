"""A client of Kontiki in another language, from the facts of docs/protocol.md alone.

Usage: python_client.py HOST:PORT,...   then reads commands from standard input, one a line:
    put KEY VERSION VALUE     get KEY     report     nonsense
and prints one line for each. Nothing but Python's standard library is used.
"""

import socket
import struct
import sys


def pack(value):
    """One value as MessagePack: the few types that a client sends."""
    if value is None:
        return b"\xc0"
    if isinstance(value, int):
        # Encoders of other languages, such as Go's, send small numbers in 64 bits, too.
        return b"\xcf" + struct.pack(">Q", value)
    if isinstance(value, str):
        data = value.encode()
        return bytes([0xA0 | len(data)]) + data
    if isinstance(value, bytes):
        if len(value) < 256:
            return b"\xc4" + bytes([len(value)]) + value
        return b"\xc6" + struct.pack(">I", len(value)) + value
    return bytes([0x90 | len(value)]) + b"".join(pack(item) for item in value)


def unpack(data, at):
    """The value at a place, and the place after it."""
    code = data[at]
    if code < 0x80:
        return code, at + 1
    if code in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[code], at + 1
    if code & 0xF0 == 0x80 or code == 0xDE:
        count = code & 0x0F if code != 0xDE else struct.unpack_from(">H", data, at + 1)[0]
        fields, at = {}, at + (1 if code != 0xDE else 3)
        for _ in range(count):
            key, at = unpack(data, at)
            fields[key], at = unpack(data, at)
        return fields, at
    if code & 0xE0 == 0xA0:
        end = at + 1 + (code & 0x1F)
        return data[at + 1 : end].decode(), end
    if code & 0xF0 == 0x90:
        items, at = [], at + 1
        for _ in range(code & 0x0F):
            item, at = unpack(data, at)
            items.append(item)
        return items, at
    if code in (0xC4, 0xC5, 0xC6, 0xD9):
        form = {0xC4: ">B", 0xC5: ">H", 0xC6: ">I", 0xD9: ">B"}[code]
        start = at + 1 + struct.calcsize(form)
        (length,) = struct.unpack_from(form, data, at + 1)
        body = data[start : start + length]
        return (body.decode() if code == 0xD9 else body), start + length
    forms = {0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q", 0xCB: ">d"}
    (number,) = struct.unpack_from(forms[code], data, at + 1)
    return int(number), at + 1 + struct.calcsize(forms[code])


class Node:
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=3)
        self.number = 0
        self.send(["kontiki-client", 2, 2, 0])
        hello = self.receive()
        if hello[0] == "kontiki-refused":
            raise ConnectionError(f"{hello[1]}: {hello[2]}")
        mark, version, _features, self.cluster, _cluster_id, self.id = hello[:6]
        assert (mark, version) == ("kontiki-server", 2)

    def send(self, value):
        body = pack(value)
        self.socket.sendall(struct.pack(">I", len(body)) + body)

    def receive(self):
        (length,) = struct.unpack(">I", self.read(4))
        value, end = unpack(self.read(length), 0)
        assert end == length
        return value

    def read(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise ConnectionError("the node hung up")
            data += piece
        return data

    def call(self, request):
        self.number += 1
        self.send([self.number, request, 3000])
        number, status, *reply = self.receive()
        assert number == self.number
        if status == 2:
            raise ValueError(reply[0])
        return reply[0] if status == 0 else b"\x06"


    def parts(self, request):
        """The parts of a stream, of which the node sends at most a few kilobytes."""
        self.number += 1
        self.send([self.number, request, None, 4096])
        while True:
            number, status, part = self.receive()
            assert (number, status) == (self.number, 3), (number, status, part)
            yield part


class Client:
    """Finds the leader by the hints; enough for a cluster that is well."""

    def __init__(self, addresses):
        self.nodes = {node.id: node for node in map(Node, addresses)}
        self.leader = next(iter(self.nodes))

    def call(self, request):
        for _ in range(50):
            reply = self.nodes[self.leader].call(request)
            if reply[0] != 4:
                return reply
            (hint,) = struct.unpack(">I", reply[1:5])
            others = [node for node in self.nodes if node != self.leader]
            self.leader = hint if hint in self.nodes else others[0]
        raise TimeoutError("no leader")

    def get(self, key):
        data = key.encode()
        return self.call(b"\x01" + struct.pack(">H", len(data)) + data)

    def put(self, key, version, value):
        data = key.encode()
        head = b"\x02" + struct.pack(">QH", version, len(data))
        return self.call(head + data + value.encode())


    def batch(self, *operations):
        return self.batch_at(*operations)[1]

    def batch_at(self, *operations):
        """The revision of a batch, and its results."""
        head = b"\x03" + struct.pack(">QHHH", 0, 0, len(operations), 0)
        reply = self.call(head + b"".join(operations))
        assert reply[0] == 9, reply
        revision, held, failed = struct.unpack(">QBH", reply[1:12])
        assert held == 1 and failed == 0 and revision > 0
        assert struct.unpack(">H", reply[12:14]) == (len(operations),)
        return revision, reply[14:]

    def lock(self, name, value, lease):
        """Takes a place in the queue of a lock or an election; who is first holds it, or leads."""
        queue = "lock/" + name.replace("%", "%25").replace("/", "%2F") + "/"
        grant = b"\x0d" + struct.pack(">QQ", lease, 60000)
        place = b"\x87" + counted(queue) + sized(value) + struct.pack(">QQ", 0, lease)
        first = b"\x09" + counted(queue) + counted(queue[:-1] + "0") + struct.pack(">HBB", 1, 0, 0)
        token, results = self.batch_at(grant, place, first)
        assert results[0] == 13 and results[1] == 1 and results[2] == 7
        (length,) = struct.unpack(">H", results[3:5])
        mine = results[5:5 + length]
        found = results[5 + length:]
        assert found[0] == 9 and found[1:3] == b"\x00\x01"
        (length,) = struct.unpack(">H", found[3:5])
        key, rest = found[5:5 + length], found[5 + length:]
        assert rest[24] == 3, "a value and a lease"
        (size,) = struct.unpack(">I", rest[33:37])
        return token, key == mine, rest[37:37 + size].decode()

    def renew(self, *leases):
        """The leases that have ended."""
        operation = b"\x0e" + struct.pack(">H", len(leases))
        result = self.batch(operation + b"".join(struct.pack(">Q", lease) for lease in leases))
        (count,) = struct.unpack(">H", result[1:3])
        return list(struct.unpack(f">{count}Q", result[3:]))

    def revoke(self, lease):
        """The number of keys that went with a lease."""
        result = self.batch(b"\x0f" + struct.pack(">Q", lease))
        assert result[0] == 15 and result[1] == 1
        return struct.unpack(">Q", result[2:])[0]

    def life(self, key, lease):
        """What a watch says of a key that is put with a lease and goes with it."""
        grant = b"\x0d" + struct.pack(">QQ", lease, 60000)
        put = b"\x81" + counted(key) + sized("here") + struct.pack(">QQ", 0, lease)
        revision, _ = self.batch_at(grant, put)
        self.revoke(lease)
        request = b"\x10" + struct.pack(">BQH", 1 | 8, revision - 1, 1)
        request += counted(key) + counted(key + "\0")
        seen, data = [], b""
        for part in self.nodes[self.leader].parts(request):
            data += part
            while data:
                if data[0] == 1:
                    (length,) = struct.unpack(">H", data[2:4])
                    at = 4 + length + 16
                    assert data[at] == 1, "a lease, and no end"
                    (named,) = struct.unpack(">Q", data[at + 1:at + 9])
                    at += 9
                    (size,) = struct.unpack(">I", data[at:at + 4])
                    assert data[at + 4 + size] == 0, "what was before was not asked for"
                    kind = ["put", "delete", "lease end", "expired"][data[1]]
                    seen.append(f"{kind} of lease {named}")
                    data = data[at + 5 + size:]
                else:
                    data = data[13 if data[0] == 0 else 9:]
            if len(seen) == 2:
                return seen

    def delete(self, key):
        result = self.batch(b"\x02" + counted(key))
        assert result[0] == 2
        return result[1] == 1

    def list(self, start, end):
        """The first keys of a range with their versions, without values."""
        operation = b"\x09" + counted(start) + counted(end) + struct.pack(">HBB", 10, 0, 1)
        result = self.batch(operation)
        (count,) = struct.unpack(">H", result[1:3])
        at, found = 3, []
        for _ in range(count):
            (length,) = struct.unpack(">H", result[at:at + 2])
            key = result[at + 2:at + 2 + length].decode()
            at += 2 + length
            version, _created, _revision = struct.unpack(">QQQ", result[at:at + 24])
            assert result[at + 24] == 0
            at += 25
            found.append(f"{key} v{version}")
        assert result[at:] == b"\x00\x00"
        return found

    def add(self, key, amount, number):
        """A numbered addition, sent twice; both answers are the same."""
        (born,) = struct.unpack(">Q", self.call(b"\x05")[1:])
        inner = b"\x03" + struct.pack(">QHHH", 0, 0, 1, 0)
        inner += b"\x04" + counted(key) + struct.pack(">QB", amount, 0)
        request = b"\x04" + struct.pack(">QQQQ", born, 4711, number, number - 1) + inner
        answers = [self.call(request), self.call(request)]
        assert answers[0] == answers[1] and answers[0][0] == 9
        return struct.unpack(">QQ", answers[0][15:])


def counted(key):
    data = key.encode()
    return struct.pack(">H", len(data)) + data


def sized(value):
    data = value.encode()
    return struct.pack(">I", len(data)) + data


NAMES = ["stored", "value", "no key", "wrong version", "wrong leader", "unknown", "overloaded", "refused", "full"]


def main():
    client = Client(sys.argv[1].split(","))
    for line in sys.stdin:
        words = line.split()
        if words[0] in ("report", "nonsense"):
            node = client.nodes[client.leader]
            try:
                report = node.call(words[0])
                print(report["cluster"] == node.cluster, report["status"]["role"])
            except ValueError as error:
                print(error)
            continue
        if words[0] == "delete":
            print("deleted" if client.delete(words[1]) else "no key")
            continue
        if words[0] == "list":
            print(", ".join(client.list(words[1], words[2])))
            continue
        if words[0] == "add":
            version, value = client.add(words[1], int(words[2]), int(words[3]))
            print(f"{value} v{version}")
            continue
        if words[0] == "lock":
            _token, is_first, holder = client.lock(words[1], words[2], int(words[3]))
            print("held" if is_first else f"waits for {holder}")
            continue
        if words[0] == "renew":
            print("ended:", *client.renew(*map(int, words[1:])))
            continue
        if words[0] == "revoke":
            print(client.revoke(int(words[1])), "keys")
            continue
        if words[0] == "life":
            print(", then ".join(client.life(words[1], int(words[2]))))
            continue
        if words[0] == "put":
            reply = client.put(words[1], int(words[2]), words[3])
        else:
            reply = client.get(words[1])
        text = NAMES[reply[0]]
        if reply[0] == 3:
            (version,) = struct.unpack(">Q", reply[1:])
            text += f", it is {version}"
        if reply[0] == 1:
            (version,) = struct.unpack(">Q", reply[1:9])
            text += f" {version} {reply[9:].decode()}"
        print(text)


main()
