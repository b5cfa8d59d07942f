; What an outline looks for in TypeScript, plain and with JSX. The captures are those of python.scm;
; @scope is code whose declarations are its own, and @separate marks members that may end at a line's end.

; Classes and interfaces

(class_declaration name: (_) @name body: (_) @body) @class
(abstract_class_declaration name: (_) @name body: (_) @body) @class
((export_statement value: (class body: (_) @body) @class)
  (#set! name "default"))
(variable_declarator name: (_) @name value: (class body: (_) @body) @class)
(interface_declaration name: (_) @name body: (_) @body) @interface
(enum_declaration name: (_) @name body: (_) @body) @enum

(internal_module name: (_) @name body: (_) @body) @namespace
(module name: (_) @name body: (_) @body) @namespace
((ambient_declaration (statement_block) @body) @namespace
  (#set! name "global"))

; Functions

(function_declaration
  name: (_) @name parameters: (_) @parameters return_type: (_)? @returns body: (_) @body) @function
(generator_function_declaration
  name: (_) @name parameters: (_) @parameters return_type: (_)? @returns body: (_) @body) @function
(function_signature
  name: (_) @name parameters: (_) @parameters return_type: (_)? @returns) @function

(variable_declarator
  name: (identifier) @name
  value: [
    (arrow_function parameters: (_) @parameters return_type: (_)? @returns body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
    (function_expression parameters: (_) @parameters return_type: (_)? @returns body: (_) @body)
    (generator_function parameters: (_) @parameters return_type: (_)? @returns body: (_) @body)]) @function

((export_statement value: [
    (arrow_function parameters: (_) @parameters return_type: (_)? @returns body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
    (function_expression parameters: (_) @parameters return_type: (_)? @returns body: (_) @body)
    (generator_function parameters: (_) @parameters return_type: (_)? @returns body: (_) @body)] @function)
  (#set! name "default"))

; Members

(class_body (method_definition
  name: (_) @name parameters: (_) @parameters return_type: (_)? @returns body: (_) @body) @function)
(method_signature
  name: (_) @name parameters: (_) @parameters return_type: (_)? @returns) @function
(abstract_method_signature
  name: (_) @name parameters: (_) @parameters return_type: (_)? @returns) @function

(public_field_definition
  name: (_) @name
  value: [
    (arrow_function parameters: (_) @parameters return_type: (_)? @returns body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
    (function_expression parameters: (_) @parameters return_type: (_)? @returns body: (_) @body)]) @function

(public_field_definition name: (_) @name type: (_)? @returns value: (_)? @value) @constant
(interface_body (property_signature name: (_) @name type: (_)? @returns) @constant)
((interface_body (call_signature) @constant) (#set! name "()"))
((interface_body (construct_signature) @constant) (#set! name "new"))
((interface_body (index_signature) @constant) (#set! name "[]"))
((class_body (index_signature) @constant) (#set! name "[]"))

(enum_body (enum_assignment name: (_) @name value: (_) @value) @constant)
(enum_body name: (_) @name @constant)

; An object of functions is a module in all but name.

(variable_declarator value: (object (method_definition
  name: (_) @name parameters: (_) @parameters return_type: (_)? @returns body: (_) @body) @function))
(variable_declarator value: (object (pair
  key: (_) @name
  value: [
    (arrow_function parameters: (_) @parameters return_type: (_)? @returns body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
    (function_expression parameters: (_) @parameters return_type: (_)? @returns body: (_) @body)]) @function))
(variable_declarator name: (_) @name type: (_)? @returns value: (object) @value @body) @constant

; Constants, types, exports

(variable_declarator name: (identifier) @name type: (_)? @returns value: (_)? @value) @constant
(type_alias_declaration name: (_) @name value: (_) @value) @type
((export_statement value: [
    (identifier) (member_expression) (call_expression) (new_expression) (object) (array) (string) (number)
    (template_string) (as_expression) (satisfies_expression) (await_expression)] @value) @constant
  (#set! name "default"))
(export_statement (export_clause) @name) @export
(export_statement (namespace_export) @name) @export
(export_statement "*" @name source: (_)) @export

(export_statement declaration: (_) @wrapped) @wrapper
(export_statement value: (_) @wrapped) @wrapper
(ambient_declaration [
  (class_declaration) (abstract_class_declaration) (interface_declaration) (enum_declaration)
  (internal_module) (module) (function_signature) (lexical_declaration) (variable_declaration)
  (type_alias_declaration)] @wrapped) @wrapper
(expression_statement (internal_module) @wrapped) @wrapper
(variable_declarator value: (class) @wrapped) @wrapper
(lexical_declaration (variable_declarator) @wrapped) @wrapper
(variable_declaration (variable_declarator) @wrapped) @wrapper

(class_declaration (decorator) @decorator)
(abstract_class_declaration (decorator) @decorator)
(class (decorator) @decorator)
(export_statement (decorator) @decorator)
(class_body (decorator) @decorator)
(public_field_definition (decorator) @decorator)

; What belongs to an item

((comment) @doc.before (#match? @doc.before "^/\\*\\*[^*/]"))

(extends_clause value: (_) @base)
(implements_clause (_) @base)
(extends_type_clause type: (_) @base)

(import_statement source: (string (string_fragment) @import))
((call_expression function: (identifier) @_call arguments: (arguments (string (string_fragment) @import)))
  (#eq? @_call "require"))
(import_require_clause source: (string (string_fragment) @import))

(throw_statement (new_expression constructor: (_) @raises))

((assignment_expression left: [
    (member_expression object: (this))
    (subscript_expression object: (member_expression object: (this)))]) @effect
  (#set! effect "mutates this"))
((augmented_assignment_expression left: [
    (member_expression object: (this))
    (subscript_expression object: (member_expression object: (this)))]) @effect
  (#set! effect "mutates this"))
((update_expression argument: (member_expression object: (this))) @effect
  (#set! effect "mutates this"))
((call_expression function: (member_expression
    object: (member_expression object: (this))
    property: (_) @_method)) @effect
  (#any-of? @_method
    "add" "clear" "delete" "pop" "push" "reverse" "set" "shift" "sort" "splice" "unshift")
  (#set! effect "mutates this"))

(assignment_expression left: [
    (member_expression object: (identifier) @argument)
    (subscript_expression object: (identifier) @argument)]) @effect
(augmented_assignment_expression left: [
    (member_expression object: (identifier) @argument)
    (subscript_expression object: (identifier) @argument)]) @effect
(update_expression argument: (member_expression object: (identifier) @argument)) @effect
((call_expression function: (member_expression object: (identifier) @argument property: (_) @_method)) @effect
  (#any-of? @_method "clear" "pop" "push" "reverse" "shift" "sort" "splice" "unshift"))
((call_expression function: (member_expression) @_call) @effect
  (#match? @_call "^process\\.(exit|abort|kill)$")
  (#set! effect "ends the process"))

((call_expression function: (member_expression) @_call) @effect
  (#match? @_call "^(console\\.[a-z]+|fs\\.[A-Za-z.]+|fsp\\.[A-Za-z]+|(window\\.)?(local|session)Storage\\.[A-Za-z]+|process\\.(stdin|stdout|stderr)\\.[a-z]+|Deno\\.[A-Za-z.]+)$")
  (#set! effect "I/O"))
((call_expression function: (identifier) @_call) @effect
  (#any-of? @_call
    "readFile" "readFileSync" "writeFile" "writeFileSync" "appendFile" "appendFileSync" "mkdir" "mkdirSync"
    "unlink" "unlinkSync" "rmSync" "readdir" "readdirSync" "createReadStream" "createWriteStream")
  (#set! effect "I/O"))
((call_expression function: (identifier) @_call) @effect
  (#any-of? @_call "fetch" "axios" "exec" "execSync" "execFile" "execFileSync" "spawn" "spawnSync")
  (#set! effect "external call"))
((call_expression function: (member_expression) @_call) @effect
  (#match? @_call "^(axios|got|http|https|child_process|cp)\\.[A-Za-z]+$")
  (#set! effect "external call"))
((new_expression constructor: (identifier) @_call) @effect
  (#any-of? @_call "WebSocket" "XMLHttpRequest" "EventSource")
  (#set! effect "external call"))

; Code outside every item, and code whose declarations are its own

(program [
  (if_statement) (for_statement) (for_in_statement) (while_statement) (do_statement) (try_statement)
  (switch_statement) (labeled_statement) (throw_statement) (statement_block)
  (expression_statement [
    (call_expression) (assignment_expression) (augmented_assignment_expression) (await_expression)
    (new_expression) (unary_expression) (update_expression) (binary_expression) (ternary_expression)
    (parenthesized_expression) (sequence_expression)])] @loose @scope)

[(arrow_function) (function_expression) (generator_function) (class_static_block) (class)] @scope

; Text

(comment) @comment
[(string) (template_string) (template_literal_type) (regex)] @string
(object_type [
  (property_signature) (method_signature) (call_signature) (construct_signature) (index_signature)] @separate)
(ERROR) @broken
(MISSING) @broken
