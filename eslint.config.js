import eslint from '@eslint/js'
import stylistic from '@stylistic/eslint-plugin'
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

const tests = ['test/**', 'bench/**']

export default defineConfig(
  { ignores: ['dist/', '.build/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  { languageOptions: { parserOptions: { projectService: true } } },

  {
    name: 'troupe/meaning',
    rules: {
      // `== null` asks for both kinds of nothing, and says so.
      'eqeqeq': ['error', 'always', { null: 'ignore' }],
      // The compiler knows every name, in the scripts too.
      'no-undef': 'off',
      'no-restricted-syntax': ['error',
        { selector: 'ExportDefaultDeclaration', message: 'One name for one thing: export it by name.' },
        { selector: 'ExportSpecifier[exported.name="default"]', message: 'One name for one thing: export it by name.' },
        { selector: 'TSEnumDeclaration', message: 'Types must be strippable: use a union of literals.' },
        { selector: 'TSModuleDeclaration', message: 'Types must be strippable: use a module.' }
      ],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      // Under `verbatimModuleSyntax` an `import { type A }` still loads the module.
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],

      // Code that runs for each message or each frame is written for its speed, and says what it knows better than the compiler.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-this-alias': 'off',
      // An async function without await keeps a promised signature, and turns a throw into a rejection.
      '@typescript-eslint/require-await': 'off',
      // `void | Promise<void>` is what a handler returns.
      '@typescript-eslint/no-invalid-void-type': 'off',
      // A type parameter that is used once still names what a caller may pass.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // A default written out can be the clearer half of a pair.
      '@typescript-eslint/no-unnecessary-type-arguments': 'off',
      // `Record<never, never>` is a map of effects that has none.
      '@typescript-eslint/no-generated-empty-object-type': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
      '@typescript-eslint/restrict-plus-operands': ['error', { allowNumberAndString: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }]
    }
  },

  {
    name: 'troupe/form',
    ...stylistic.configs.customize({ indent: 2, quotes: 'single', semi: false, commaDangle: 'never', arrowParens: false, braceStyle: '1tbs' })
  },
  {
    name: 'troupe/form, in our way',
    rules: {
      '@stylistic/space-before-function-paren': ['error', 'always'],
      '@stylistic/member-delimiter-style': ['error', {
        multiline: { delimiter: 'none' },
        singleline: { delimiter: 'comma', requireLast: false }
      }],
      '@stylistic/quotes': ['error', 'single', { avoidEscape: true }],
      '@stylistic/arrow-parens': ['error', 'as-needed'],
      '@stylistic/operator-linebreak': ['error', 'before', { overrides: { '=': 'ignore' } }],
      '@stylistic/max-statements-per-line': 'off'
    }
  },

  {
    // Plain JavaScript, as a reader would type it: running it is its test.
    files: ['examples/**'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { parserOptions: { projectService: false } }
  },
  {
    files: ['src/runtime/**', ...tests],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' }
  },
  {
    // XState's own types leave no other way to drive any machine.
    files: ['src/runtime/behavior/machine.ts'],
    rules: { '@typescript-eslint/no-explicit-any': 'off' }
  },
  {
    files: tests,
    rules: {
      // chai: `expect(x).to.be.true`
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      // Tests of types say `void value` for a value that only the compiler looks at.
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      // Tests throw and reject with whatever the code under test must survive.
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/unbound-method': 'off'
    }
  },
  {
    // Their readers look for a default export.
    files: ['eslint.config.js', 'scripts/reporter.mjs'],
    rules: { 'no-restricted-syntax': 'off' }
  }
)
