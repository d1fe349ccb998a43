import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const features = ["chat", "terminal", "changes", "files", "browser", "events", "conversations", "settings"];

/** What each layer may not import: everything above it, and its neighbors. */
const above = {
  lib: ["wire", "conversation", "api", "components", "features", "app"],
  wire: ["conversation", "api", "components", "features", "app"],
  conversation: ["api", "components", "features", "app"],
  api: ["conversation", "components", "features", "app"],
  components: ["wire", "conversation", "api", "features", "app"],
};

const restrict = (folders, extra = []) => [
  "error",
  {
    paths: extra,
    patterns: [
      { group: ["../*"], message: "Import from another folder by its `@/` path." },
      ...folders.map((folder) => ({
        group: [`@/${folder}`, `@/${folder}/**`],
        message: `The layers point the other way: ${folder} may not be imported here.`,
      })),
    ],
  },
];

const socketOnly = { name: "socket.io-client", message: "Only wire/ knows Socket.IO." };

const kebabCase = {
  create: (context) => ({
    Program(node) {
      const name = context.filename.split("/").pop();
      if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.tsx?$/.test(name)) {
        context.report({ node, message: `Name the file in kebab-case: ${name}` });
      }
      if (/^index\.tsx?$/.test(name)) context.report({ node, message: "No barrel files." });
    },
  }),
};

/** Texts stand in the catalogue, where they can be said in another language. */
const TEXT_PROPS = ["aria-label", "alt", "hint", "label", "placeholder", "title"];
const hasWords = (text) => typeof text === "string" && /\p{L}{2}/u.test(text);
const catalogueOnly = {
  create: (context) => {
    const complain = (node) => context.report({ node, message: "Put texts into i18n/ and read them from `m`." });
    return {
      JSXText: (node) => {
        if (hasWords(node.value)) complain(node);
      },
      JSXAttribute: (node) => {
        const { name, value } = node;
        if (TEXT_PROPS.includes(name.name) && value?.type === "Literal" && hasWords(value.value)) complain(value);
      },
    };
  },
};

export default tseslint.config(
  { ignores: ["dist", "node_modules", "src/wire/generated", "src/testing/mock-server"] },
  {
    files: ["src/**/*.{ts,tsx}"],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { "react-hooks": reactHooks, ours: { rules: { "kebab-case": kebabCase, "catalogue-only": catalogueOnly } } },
    rules: {
      ...reactHooks.configs.recommended.rules,
      "ours/kebab-case": "error",
      "ours/catalogue-only": "error",
      "no-restricted-imports": restrict([], [socketOnly]),
      "@typescript-eslint/consistent-type-assertions": ["error", { assertionStyle: "never" }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-non-null-assertion": "error",
    },
  },
  ...Object.entries(above).map(([layer, folders]) => ({
    files: [`src/${layer}/**`],
    rules: { "no-restricted-imports": restrict(folders, layer === "wire" ? [] : [socketOnly]) },
  })),
  {
    files: ["src/conversation/**"],
    rules: {
      "no-restricted-imports": restrict(above.conversation, [
        socketOnly,
        { name: "react", message: "The reducer is plain data." },
      ]),
    },
  },
  ...features.map((feature) => ({
    files: [`src/features/${feature}/**`],
    rules: {
      "no-restricted-imports": restrict(
        ["app", ...features.filter((other) => other !== feature).map((other) => `features/${other}`)],
        [socketOnly],
      ),
    },
  })),
  // The test page is a tool for those who write clients, and speaks English.
  { files: ["src/test-page/**"], rules: { "ours/catalogue-only": "off" } },
  {
    files: ["src/wire/**", "src/testing/**"],
    rules: { "@typescript-eslint/consistent-type-assertions": "off" },
  },
  {
    files: ["src/**/*.test.{ts,tsx}"],
    rules: {
      "no-restricted-imports": "off",
      "ours/catalogue-only": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
);
