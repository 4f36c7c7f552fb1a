/**
 * `unicodeWidth` as `@std/cli` has it, from Unicode's properties instead of a table: the same for
 * what people write in a terminal, not for every rare mark.
 *
 * @module
 */

const ZERO = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]$/u;
const SOFT_HYPHEN = "\u00ad";
const WIDE =
  /^(?:\p{Emoji_Presentation}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Han}|\p{Script=Bopomofo}|\p{Script=Yi}|\p{Script=Tangut}|[\u1100-\u115f\u2e80-\u303e\u3190-\u31ff\u3200-\u321e\u3220-\u3247\u3250-\u4dbf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}])$/u;
const HALF_WIDE = /^[\uff61-\uffdc]$/;

/** How many columns of a terminal a text takes. */
export function unicodeWidth(text: string): number {
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

function widthOf(character: string): 0 | 1 | 2 {
  const code = character.codePointAt(0)!;
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return 0;
  if (character === SOFT_HYPHEN) return 1;
  if (ZERO.test(character)) return 0;
  return WIDE.test(character) && !HALF_WIDE.test(character) ? 2 : 1;
}
