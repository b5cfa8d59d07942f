; What an outline looks for in Rust. The captures are those of python.scm, java.scm and go.scm.

; Types

(struct_item name: (_) @name body: (field_declaration_list) @body) @class
(struct_item name: (_) @name !body) @constant
(struct_item name: (_) @name body: (ordered_field_declaration_list)) @constant
(union_item name: (_) @name body: (_) @body) @class
(enum_item name: (_) @name body: (_) @body) @enum
(trait_item name: (_) @name body: (_) @body) @interface
(impl_item !trait type: (_) @name body: (_) @body) @implementation
((impl_item trait: (_) @owner type: (_) @name body: (_) @body) @implementation
  (#set! joint " for "))
(mod_item name: (_) @name body: (_) @body) @namespace
((foreign_mod_item body: (_) @body) @namespace
  (#set! name "extern"))

(field_declaration_list (field_declaration name: (_) @name type: (_) @typed) @constant)
(enum_variant name: (_) @name body: (field_declaration_list) @body) @constant
(enum_variant name: (_) @name value: (_)? @value) @constant

; Functions

(function_item name: (_) @name parameters: (_) @parameters return_type: (_)? @typed body: (_) @body) @function
(function_signature_item name: (_) @name parameters: (_) @parameters return_type: (_)? @typed) @function
(macro_definition name: (_) @name ["(" "{" "["] @body) @macro

; Constants and types

(const_item name: (_) @name type: (_) @typed value: (_)? @value) @constant
(static_item name: (_) @name type: (_) @typed value: (_)? @value) @constant
(type_item name: (_) @name type: (_) @value) @type
(associated_type name: (_) @name) @constant
((use_declaration (visibility_modifier) argument: (_) @name) @export)
((mod_item name: (_) @name !body) @export)

; A parameter may have attributes too, which stay where they are.

(source_file (attribute_item) @decorator)
(declaration_list (attribute_item) @decorator)
(field_declaration_list (attribute_item) @decorator)
(enum_variant_list (attribute_item) @decorator)

; What belongs to an item

(source_file (line_comment inner: (_) doc: (_) @doc))
((line_comment outer: (_)) @doc.before)
((block_comment outer: (_)) @doc.before)

(trait_bounds (_) @base)

(use_declaration argument: (_) @import)
(extern_crate_declaration name: (_) @import)

((call_expression
  function: (identifier) @_call
  arguments: (arguments . [(scoped_identifier) (identifier)] @raises))
  (#eq? @_call "Err")
  (#match? @raises "[A-Z]"))
((call_expression
  function: (identifier) @_call
  arguments: (arguments . (call_expression function: [(scoped_identifier) (identifier)] @raises)))
  (#eq? @_call "Err")
  (#match? @raises "[A-Z]"))
((call_expression
  function: (identifier) @_call
  arguments: (arguments . (struct_expression name: (_) @raises)))
  (#eq? @_call "Err"))
((macro_invocation macro: (_) @_macro) @raises
  (#any-of? @_macro "panic" "unreachable" "unimplemented" "todo" "assert" "assert_eq" "assert_ne")
  (#set! raises "panic"))
((macro_invocation macro: (_) @_macro) @raises
  (#match? @_macro "^(anyhow::)?(bail|ensure)$")
  (#set! raises "anyhow::Error"))

((assignment_expression left: (field_expression value: (self))) @effect
  (#set! effect "mutates self"))
((compound_assignment_expr left: (field_expression value: (self))) @effect
  (#set! effect "mutates self"))
((call_expression function: (field_expression value: (field_expression value: (self)) field: (_) @_method)) @effect
  (#any-of? @_method
    "append" "clear" "drain" "extend" "insert" "pop" "pop_back" "pop_front" "push" "push_back" "push_front" "push_str"
    "remove" "retain" "sort" "sort_by" "swap" "take" "truncate")
  (#set! effect "mutates self"))
(assignment_expression left: [
  (field_expression value: (identifier) @argument)
  (index_expression . (identifier) @argument)
  (unary_expression (identifier) @argument)]) @effect
(compound_assignment_expr left: [
  (field_expression value: (identifier) @argument)
  (index_expression . (identifier) @argument)
  (unary_expression (identifier) @argument)]) @effect

((macro_invocation macro: (_) @_macro) @effect
  (#any-of? @_macro "print" "println" "eprint" "eprintln" "dbg")
  (#set! effect "I/O"))
((call_expression function: (scoped_identifier) @_call) @effect
  (#match? @_call "(^|::)(fs|File|OpenOptions|io)::[a-z_]+$")
  (#set! effect "I/O"))
((call_expression function: (scoped_identifier) @_call) @effect
  (#match? @_call "(^|::)(Command|TcpStream|TcpListener|UdpSocket|UnixStream|reqwest|Client)::(new|connect|bind|get|builder)$")
  (#set! effect "external call"))
((call_expression function: (scoped_identifier) @_call) @effect
  (#match? @_call "(^|::)process::(exit|abort)$")
  (#set! effect "ends the process"))
((unsafe_block) @effect
  (#set! effect "unsafe"))

; Code outside every item, and code whose declarations are its own

(closure_expression) @scope
(source_file (macro_invocation) @loose)
(source_file (expression_statement (macro_invocation)) @loose)

; Text

[(line_comment) (block_comment)] @comment
[(string_literal) (raw_string_literal) (char_literal)] @string
(ERROR) @broken
(MISSING) @broken
