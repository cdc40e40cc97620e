/* Reads JSON into nodes that keep every number's spelling, the order of members and doubled keys, which JSON.parse does not:
   {t: "o" object | "a" array | "s" string | "n" number | "l" literal, v: text or children, k: keys of an object}. */
"use strict";
window.hubJson = (() => {
  const SPACE = /[\s\uFEFF]*/y;
  const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
  const STRING = /"(?:[^"\\]|\\.)*"/y;
  const DEEPEST = 500;

  return (text) => {
    let at = 0;
    const fail = () => { throw new SyntaxError(`not JSON at character ${at}`); };
    const skip = () => { SPACE.lastIndex = at; SPACE.test(text); at = SPACE.lastIndex; };
    const take = (pattern) => {
      pattern.lastIndex = at;
      if (!pattern.test(text)) fail();
      const found = text.slice(at, pattern.lastIndex);
      at = pattern.lastIndex;
      return found;
    };
    const value = (depth) => {
      if (depth > DEEPEST) fail();
      skip();
      const sign = text[at];
      if (sign === "{" || sign === "[") {
        const isObject = sign === "{";
        const end = isObject ? "}" : "]";
        const node = { t: isObject ? "o" : "a", v: [] };
        if (isObject) node.k = [];
        at += 1;
        skip();
        if (text[at] === end) { at += 1; return node; }
        for (;;) {
          if (isObject) {
            skip();
            node.k.push(JSON.parse(take(STRING)));
            skip();
            if (text[at] !== ":") fail();
            at += 1;
          }
          node.v.push(value(depth + 1));
          skip();
          const next = text[at];
          at += 1;
          if (next === end) return node;
          if (next !== ",") fail();
        }
      }
      if (sign === '"') return { t: "s", v: JSON.parse(take(STRING)) };
      for (const word of ["true", "false", "null"]) {
        if (text.startsWith(word, at)) { at += word.length; return { t: "l", v: word }; }
      }
      return { t: "n", v: take(NUMBER) };
    };
    const root = value(0);
    skip();
    if (at !== text.length) fail();
    return root;
  };
})();
