; What an outline looks for in JavaScript with JSX. The captures are those of python.scm and typescript.scm.

; Classes

(class_declaration name: (_) @name body: (_) @body) @class
((export_statement value: (class body: (_) @body) @class)
  (#set! name "default"))
(variable_declarator name: (_) @name value: (class body: (_) @body) @class)
(program (expression_statement (assignment_expression
  left: (member_expression) @name right: (class !name body: (_) @body) @class)))
(program (expression_statement (assignment_expression
  left: (member_expression) right: (class name: (_) @name body: (_) @body) @class)))

; Functions

(function_declaration name: (_) @name parameters: (_) @parameters body: (_) @body) @function
(generator_function_declaration name: (_) @name parameters: (_) @parameters body: (_) @body) @function

(variable_declarator
  name: (identifier) @name
  value: [
    (arrow_function parameters: (_) @parameters body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
    (function_expression parameters: (_) @parameters body: (_) @body)
    (generator_function parameters: (_) @parameters body: (_) @body)]) @function

((export_statement value: [
    (arrow_function parameters: (_) @parameters body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
    (function_expression parameters: (_) @parameters body: (_) @body)
    (generator_function parameters: (_) @parameters body: (_) @body)] @function)
  (#set! name "default"))

; `exports.read = function (path) {}`, `Store.prototype.read = (path) => {}`

(program (expression_statement (assignment_expression
  left: (member_expression) @name
  right: [
    (arrow_function parameters: (_) @parameters body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
    (function_expression parameters: (_) @parameters body: (_) @body)
    (generator_function parameters: (_) @parameters body: (_) @body)]) @function))

; Members

(class_body (method_definition name: (_) @name parameters: (_) @parameters body: (_) @body) @function)
(field_definition
  property: (_) @name
  value: [
    (arrow_function parameters: (_) @parameters body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
    (function_expression parameters: (_) @parameters body: (_) @body)]) @function
(field_definition property: (_) @name value: (_)? @value) @constant

; An object of functions is a module in all but name.

(variable_declarator value: (object (method_definition
  name: (_) @name parameters: (_) @parameters body: (_) @body) @function))
(variable_declarator value: (object (pair
  key: (_) @name
  value: [
    (arrow_function parameters: (_) @parameters body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
    (function_expression parameters: (_) @parameters body: (_) @body)]) @function))
(variable_declarator name: (_) @name value: (object) @value @body) @constant
(program (expression_statement (assignment_expression left: (member_expression) right: (object (method_definition
  name: (_) @name parameters: (_) @parameters body: (_) @body) @function))))
(program (expression_statement (assignment_expression left: (member_expression) right: (object (pair
  key: (_) @name
  value: [
    (arrow_function parameters: (_) @parameters body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
    (function_expression parameters: (_) @parameters body: (_) @body)]) @function))))
(export_statement value: (object (method_definition
  name: (_) @name parameters: (_) @parameters body: (_) @body) @function))
(export_statement value: (object (pair
  key: (_) @name
  value: [
    (arrow_function parameters: (_) @parameters body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
    (function_expression parameters: (_) @parameters body: (_) @body)]) @function))

; Constants, exports

(variable_declarator name: (identifier) @name value: (_)? @value) @constant
((program (expression_statement (assignment_expression
  left: (member_expression) @name right: (object) @value @body) @constant))
  (#match? @name "^(module\\.)?exports"))
((program (expression_statement (assignment_expression
  left: (member_expression) @name right: (_) @value) @constant))
  (#match? @name "^(module\\.)?exports"))
((export_statement value: (object) @value @body) @constant
  (#set! name "default"))
((export_statement value: [
    (identifier) (member_expression) (call_expression) (new_expression) (array) (string) (number)
    (template_string) (await_expression)] @value) @constant
  (#set! name "default"))
(export_statement (export_clause) @name) @export
(export_statement (namespace_export) @name) @export
(export_statement "*" @name source: (_)) @export

(export_statement declaration: (_) @wrapped) @wrapper
(export_statement value: (_) @wrapped) @wrapper
(variable_declarator value: (class) @wrapped) @wrapper
(program (expression_statement (assignment_expression right: (class) @wrapped) @wrapper))
(lexical_declaration (variable_declarator) @wrapped) @wrapper
(variable_declaration (variable_declarator) @wrapped) @wrapper

(decorator) @decorator

; What belongs to an item

((comment) @doc.before (#match? @doc.before "^/\\*\\*[^*/]"))

(class_heritage (_) @base)

(import_statement source: (string (string_fragment) @import))
((call_expression function: (identifier) @_call arguments: (arguments (string (string_fragment) @import)))
  (#eq? @_call "require"))

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
((call_expression function: (member_expression) @_call) @effect
  (#match? @_call "^process\\.(exit|abort|kill)$")
  (#set! effect "ends the process"))
((new_expression constructor: (identifier) @_call) @effect
  (#any-of? @_call "WebSocket" "XMLHttpRequest" "EventSource")
  (#set! effect "external call"))

; Code outside every item, and code whose declarations are its own

(program [
  (if_statement) (for_statement) (for_in_statement) (while_statement) (do_statement) (try_statement)
  (switch_statement) (labeled_statement) (throw_statement) (statement_block)
  (expression_statement [
    (call_expression) (augmented_assignment_expression) (await_expression)
    (new_expression) (unary_expression) (update_expression) (binary_expression) (ternary_expression)
    (parenthesized_expression) (sequence_expression)])] @loose @scope)

(program (expression_statement (assignment_expression)) @loose)

[(arrow_function) (function_expression) (generator_function) (class_static_block) (class)] @scope

; Text

(comment) @comment
[(string) (template_string) (regex)] @string
(ERROR) @broken
(MISSING) @broken
