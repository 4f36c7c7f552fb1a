/**
 * Begins the page: its theme at once, and its script when the browser has painted it for the first
 * time, which so waits for no script.
 *
 * @module
 */

{
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
  let hasBegun = false;
  const begin = () => {
    if (hasBegun) return;
    hasBegun = true;
    performance.mark("script");
    const script = document.createElement("script");
    script.type = "module";
    script.textContent = document.getElementById("script")?.textContent ?? "";
    document.body.append(script);
  };
  new PerformanceObserver(begin).observe({ type: "paint", buffered: true });
  // A page in the background is not painted at all.
  setTimeout(begin, 1500);
}
