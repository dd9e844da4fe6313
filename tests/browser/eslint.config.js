// What types do not see: unused things, dangerous ones, and imports that point up.
import js from "@eslint/js";
import globals from "globals";

const PLACES = ["photos", "viewer", "map", "albums", "duplicates", "imports", "system"];
const upward = (folders) => ({ "no-restricted-imports": ["error", { patterns: [{ regex: `^\\.\\./(${folders.join("|")})/` }] }] });
const DANGERS = [
  { selector: "AssignmentExpression[left.property.name=/^(inner|outer)HTML$/]", message: "Text is text: use h()." },
  { selector: "CallExpression[callee.property.name='insertAdjacentHTML']", message: "Text is text: use h()." },
  { selector: "CallExpression[callee.name=/^(alert|confirm|prompt)$/]:not([arguments.0.type='ObjectExpression'])", message: "Use parts/dialog.js." },
];

export default [
  js.configs.recommended,
  {
    languageOptions: { globals: globals.browser, ecmaVersion: 2024 },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "max-lines": ["error", { max: 300 }],
      "no-restricted-syntax": ["error", ...DANGERS],
      "no-console": ["error", { allow: ["error"] }],
      "no-eval": "error",
      "prefer-const": "error",
      "eqeqeq": "error",
      "no-var": "error",
      "no-implied-eval": "error",
    },
  },
  { files: ["**/js/first.js"], languageOptions: { sourceType: "script" } },
  { files: ["**/js/core/*.js"], rules: upward([...PLACES, "parts"]) },
  { files: ["**/js/parts/*.js"], rules: upward(PLACES) },
];
