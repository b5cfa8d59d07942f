; What an outline looks for in Java. The captures are those of python.scm; @typedd is a type that stands before the
; name, @elided what is cut out of a head, @assigned a bare name that may be a field, @argument one that may be a parameter.

; Types

(class_declaration name: (_) @name body: (_) @body) @class
(record_declaration name: (_) @name parameters: (_) @parameters body: (_) @body) @class
(interface_declaration name: (_) @name body: (_) @body) @interface
(annotation_type_declaration name: (_) @name body: (_) @body) @interface
(enum_declaration name: (_) @name body: (_) @body) @enum
(enum_constant name: (_) @name body: (_)? @body) @constant

; Members

(method_declaration type: (_) @typed name: (_) @name parameters: (_) @parameters body: (_)? @body) @function
(constructor_declaration name: (_) @name parameters: (_) @parameters body: (_) @body) @function
(compact_constructor_declaration name: (_) @name body: (_) @body) @function
(annotation_type_element_declaration type: (_) @typed name: (_) @name) @constant
(field_declaration type: (_) @typed . declarator: (variable_declarator name: (_) @name value: (_)? @value) .) @constant
(field_declaration type: (_) @typed . declarator: (variable_declarator name: (_) @name)) @constant
(constant_declaration type: (_) @typed . declarator: (variable_declarator name: (_) @name value: (_)? @value) .) @constant
(constant_declaration type: (_) @typed . declarator: (variable_declarator name: (_) @name)) @constant

(package_declaration) @label
(module_declaration name: (_) @name body: (_) @body) @namespace

(class_declaration (modifiers [(annotation) (marker_annotation)] @decorator))
(record_declaration (modifiers [(annotation) (marker_annotation)] @decorator))
(interface_declaration (modifiers [(annotation) (marker_annotation)] @decorator))
(annotation_type_declaration (modifiers [(annotation) (marker_annotation)] @decorator))
(enum_declaration (modifiers [(annotation) (marker_annotation)] @decorator))
(enum_constant (modifiers [(annotation) (marker_annotation)] @decorator))
(method_declaration (modifiers [(annotation) (marker_annotation)] @decorator))
(constructor_declaration (modifiers [(annotation) (marker_annotation)] @decorator))
(field_declaration (modifiers [(annotation) (marker_annotation)] @decorator))
(constant_declaration (modifiers [(annotation) (marker_annotation)] @decorator))

; What belongs to an item

((block_comment) @doc.before (#match? @doc.before "^/\\*\\*[^*/]"))
((line_comment) @doc.before (#match? @doc.before "^///"))

(superclass (_) @base)
(super_interfaces (type_list (_) @base))
(extends_interfaces (type_list (_) @base))

(import_declaration [(scoped_identifier) (identifier)] @import)

(throw_statement (object_creation_expression type: (_) @raises))
(throws (_) @raises)

((assignment_expression left: [
    (field_access object: (this))
    (array_access array: (field_access object: (this)))]) @effect
  (#set! effect "mutates this"))
((update_expression (field_access object: (this))) @effect
  (#set! effect "mutates this"))
(assignment_expression left: (identifier) @assigned)
(assignment_expression left: (array_access array: (identifier) @assigned))
(update_expression (identifier) @assigned)
((method_invocation object: (identifier) @assigned name: (_) @_method)
  (#any-of? @_method
    "add" "addAll" "addFirst" "addLast" "clear" "offer" "poll" "pop" "push" "put" "putAll" "putIfAbsent" "remove"
    "removeAll" "removeIf" "set" "sort"))

(assignment_expression left: (array_access array: (identifier) @argument)) @effect
(assignment_expression left: (field_access object: (identifier) @argument)) @effect
((method_invocation object: (identifier) @argument name: (_) @_method) @effect
  (#any-of? @_method
    "add" "addAll" "addFirst" "addLast" "clear" "offer" "poll" "pop" "push" "put" "putAll" "putIfAbsent" "remove"
    "removeAll" "removeIf"))

((method_invocation object: (_) @_on) @effect
  (#match? @_on "^(System\\.(out|err|in)|Files|Paths|FileUtils|IOUtils)$")
  (#set! effect "I/O"))
((object_creation_expression type: (_) @_type) @effect
  (#match? @_type "^(File(Input|Output)Stream|FileReader|FileWriter|RandomAccessFile|PrintWriter|Scanner)$")
  (#set! effect "I/O"))
((method_invocation name: (_) @_method) @effect
  (#any-of? @_method "executeQuery" "executeUpdate" "prepareStatement" "openConnection" "openStream")
  (#set! effect "external call"))
((object_creation_expression type: (_) @_type) @effect
  (#match? @_type "^((Server)?Socket|DatagramSocket|ProcessBuilder|HttpURLConnection)$")
  (#set! effect "external call"))
((method_invocation object: (_) @_on name: (_) @_method) @effect
  (#match? @_on "(HttpClient|httpClient|RestTemplate|restTemplate|Runtime\\.getRuntime\\(\\))$")
  (#match? @_method "^(send|sendAsync|exec|execute|exchange|getFor[A-Za-z]+|postFor[A-Za-z]+)$")
  (#set! effect "external call"))
((method_invocation object: (_) @_on name: (_) @_method) @effect
  (#eq? @_on "System") (#eq? @_method "exit")
  (#set! effect "ends the process"))

; Code outside every item, and code whose declarations are its own

[(lambda_expression) (static_initializer)] @scope
(object_creation_expression (class_body) @scope)
(class_body [(static_initializer) (block)] @loose)
(enum_body_declarations [(static_initializer) (block)] @loose)

; Text

[(line_comment) (block_comment)] @comment
[(string_literal) (character_literal)] @string
(ERROR) @broken
(MISSING) @broken
