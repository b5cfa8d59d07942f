; What an outline looks for in Go. The captures are those of python.scm and java.scm; @owner is the type that a
; method belongs to, @receiver what the method calls it.

(package_clause) @label

; Types

(type_spec name: (_) @name type: (struct_type (field_declaration_list) @body)) @class
(type_spec name: (_) @name type: (interface_type "{" @body)) @interface
(type_spec name: (_) @name type: [
  (type_identifier) (qualified_type) (generic_type) (pointer_type) (array_type) (slice_type) (map_type) (channel_type)
  (function_type) (parenthesized_type)]) @type
(type_alias name: (_) @name type: (_) @value) @type

(struct_type (field_declaration_list (field_declaration name: (_) @name type: (_) @typed) @constant))
(struct_type (field_declaration_list (field_declaration !name type: (_) @name @base) @constant))
(interface_type (method_elem
  name: (_) @name parameters: (_) @parameters result: (_)? @typed) @function)
(interface_type (type_elem) @name @base @constant)

; Functions

(function_declaration name: (_) @name parameters: (_) @parameters result: (_)? @typed body: (_)? @body) @function
(method_declaration
  receiver: (parameter_list (parameter_declaration
    name: (_)? @receiver
    type: [
      (type_identifier) @owner
      (generic_type type: (_) @owner)
      (pointer_type (type_identifier) @owner)
      (pointer_type (generic_type type: (_) @owner))]))
  name: (_) @name parameters: (_) @parameters result: (_)? @typed body: (_)? @body) @function
(source_file (var_declaration (var_spec
  name: (_) @name
  value: (expression_list . (func_literal parameters: (_) @parameters result: (_)? @typed body: (_) @body) .)) @function))

; Constants and variables, alone and in a group

(const_spec name: (_) @name type: (_)? @typed value: (_)? @value) @constant
(var_spec name: (_) @name type: (_)? @typed value: (_)? @value) @constant

(const_declaration "(" @body) @group
(var_declaration (var_spec_list "(" @body)) @group
(type_declaration "(" @body) @group

((const_declaration (const_spec) @wrapped) @wrapper
  (#not-match? @wrapper "^const\\s*\\("))
(var_declaration (var_spec) @wrapped) @wrapper
((type_declaration [(type_spec) (type_alias)] @wrapped) @wrapper
  (#not-match? @wrapper "^type\\s*\\("))

; What belongs to an item

(comment) @doc.before

(import_spec path: (interpreted_string_literal (interpreted_string_literal_content) @import))

((return_statement (expression_list (identifier) @raises))
  (#match? @raises "^(Err|err)[A-Z]"))
((return_statement (expression_list (selector_expression) @raises))
  (#match? @raises "^[a-z0-9]+\\.(Err[A-Z]\\w*|EOF)$"))
((return_statement (expression_list (unary_expression operand: (composite_literal type: (_) @raises))))
  (#match? @raises "(Error|Err)$"))
((return_statement (expression_list (composite_literal type: (_) @raises)))
  (#match? @raises "(Error|Err)$"))
((return_statement (expression_list (call_expression function: (_) @raises)))
  (#match? @raises "^(errors\\.(New|Join|Wrap|Wrapf|Errorf)|fmt\\.Errorf|status\\.Errorf?|New\\w*Error|\\w+\\.New\\w*Error)$"))
((call_expression function: (identifier) @raises)
  (#eq? @raises "panic"))

(assignment_statement left: (expression_list [
  (selector_expression operand: (identifier) @argument)
  (index_expression operand: (identifier) @argument)
  (index_expression operand: (selector_expression operand: (identifier) @argument))
  (unary_expression operand: (identifier) @argument)])) @effect
(inc_statement (selector_expression operand: (identifier) @argument)) @effect
(dec_statement (selector_expression operand: (identifier) @argument)) @effect

((call_expression function: (selector_expression) @_call) @effect
  (#match? @_call "^(fmt\\.(Print|Fprint|Scan|Fscan)[a-z]*|log\\.[A-Z][a-z]+|os\\.(Open|OpenFile|Create|ReadFile|WriteFile|ReadDir|Mkdir|MkdirAll|Remove|RemoveAll|Rename|Stat|Lstat|Chdir|Chmod|Symlink)|ioutil\\.[A-Z]\\w+|os\\.(Stdout|Stderr|Stdin)\\.\\w+)$")
  (#set! effect "I/O"))
((call_expression function: (selector_expression) @_call) @effect
  (#match? @_call "^(http\\.(Get|Post|PostForm|Head|ListenAndServe|ListenAndServeTLS|NewRequest|NewRequestWithContext)|net\\.(Dial|Listen)\\w*|exec\\.(Command|CommandContext)|sql\\.Open|grpc\\.(Dial|NewClient))$")
  (#set! effect "external call"))
((call_expression function: (selector_expression field: (_) @_method)) @effect
  (#any-of? @_method "Exec" "ExecContext" "QueryRow" "QueryContext" "QueryRowContext")
  (#set! effect "external call"))
((call_expression function: (selector_expression) @_call) @effect
  (#match? @_call "^(os\\.Exit|log\\.Fatal[a-z]*)$")
  (#set! effect "ends the process"))
((go_statement) @effect
  (#set! effect "starts goroutines"))

; A long literal is shown as an empty one of its type.
((composite_literal body: (literal_value) @elided)
  (#match? @elided "\n|.{60}")
  (#set! elided "{}"))

; Code outside every item, and code whose declarations are its own

(func_literal) @scope

; Text

(comment) @comment
[(interpreted_string_literal) (raw_string_literal) (rune_literal)] @string
(struct_type (field_declaration_list (field_declaration) @separate))
(interface_type [(method_elem) (type_elem)] @separate)
(ERROR) @broken
(MISSING) @broken
