; What an outline looks for in C#. The captures are those of python.scm and java.scm.

(file_scoped_namespace_declaration) @label
(namespace_declaration name: (_) @name body: (_) @body) @namespace

; Types

(class_declaration name: (_) @name body: (_)? @body) @class
(class_declaration name: (_) @name (parameter_list) @parameters body: (_)? @body) @class
(struct_declaration name: (_) @name body: (_)? @body) @class
(struct_declaration name: (_) @name (parameter_list) @parameters body: (_)? @body) @class
(record_declaration name: (_) @name body: (_)? @body) @class
(record_declaration name: (_) @name (parameter_list) @parameters body: (_)? @body) @class
(interface_declaration name: (_) @name body: (_)? @body) @interface
(enum_declaration name: (_) @name body: (_) @body) @enum
(enum_member_declaration name: (_) @name value: (_)? @value) @constant
(delegate_declaration type: (_) @typed name: (_) @name parameters: (_) @parameters) @function

; Members

(method_declaration returns: (_) @typed name: (_) @name parameters: (_) @parameters body: (_)? @body) @function
(constructor_declaration name: (_) @name parameters: (_) @parameters body: (_)? @body) @function
((constructor_initializer) @elided
  (#set! elided " "))
(destructor_declaration "~" name: (_) @name parameters: (_) @parameters body: (_)? @body) @function
((operator_declaration type: (_) @typed operator: _ @name parameters: (_) @parameters body: (_)? @body) @function)
((conversion_operator_declaration type: (_) @typed @name parameters: (_) @parameters body: (_)? @body) @function)
((indexer_declaration type: (_) @typed parameters: (_) @parameters) @function
  (#set! name "this[]"))
(property_declaration type: (_) @typed name: (_) @name) @constant
(event_declaration type: (_) @typed name: (_) @name) @constant
(field_declaration (variable_declaration
  type: (_) @typed . (variable_declarator name: (_) @name (_)? @value) .)) @constant
(field_declaration (variable_declaration type: (_) @typed . (variable_declarator name: (_) @name))) @constant
(event_field_declaration (variable_declaration type: (_) @typed . (variable_declarator name: (_) @name))) @constant

(accessor_declaration body: (block) @elided)
((accessor_declaration body: (arrow_expression_clause) @elided)
  (#set! elided ""))
((property_declaration value: (arrow_expression_clause) @elided)
  (#set! elided "{ get; }"))
((indexer_declaration value: (arrow_expression_clause) @elided)
  (#set! elided "{ get; }"))

(class_declaration (attribute_list) @decorator)
(struct_declaration (attribute_list) @decorator)
(record_declaration (attribute_list) @decorator)
(interface_declaration (attribute_list) @decorator)
(enum_declaration (attribute_list) @decorator)
(enum_member_declaration (attribute_list) @decorator)
(delegate_declaration (attribute_list) @decorator)
(method_declaration (attribute_list) @decorator)
(constructor_declaration (attribute_list) @decorator)
(property_declaration (attribute_list) @decorator)
(indexer_declaration (attribute_list) @decorator)
(event_declaration (attribute_list) @decorator)
(event_field_declaration (attribute_list) @decorator)
(field_declaration (attribute_list) @decorator)
(operator_declaration (attribute_list) @decorator)
(conversion_operator_declaration (attribute_list) @decorator)

; What belongs to an item

((comment) @doc.before (#match? @doc.before "^//"))

(base_list (_) @base)

(using_directive (_) @import .)

(throw_statement (object_creation_expression type: (_) @raises))
(throw_expression (object_creation_expression type: (_) @raises))

((assignment_expression left: (member_access_expression expression: "this")) @effect
  (#set! effect "mutates this"))
(assignment_expression left: (identifier) @assigned)
(assignment_expression left: (element_access_expression expression: (identifier) @assigned))
(postfix_unary_expression (identifier) @assigned)
(prefix_unary_expression (identifier) @assigned)
((invocation_expression function: (member_access_expression expression: (identifier) @assigned name: (_) @_method))
  (#any-of? @_method
    "Add" "AddRange" "Clear" "Dequeue" "Enqueue" "Insert" "Pop" "Push" "Remove" "RemoveAll" "RemoveAt" "Sort"
    "TryAdd" "TryRemove"))

(assignment_expression left: [
  (member_access_expression expression: (identifier) @argument)
  (element_access_expression expression: (identifier) @argument)]) @effect
((invocation_expression function: (member_access_expression expression: (identifier) @argument name: (_) @_method)) @effect
  (#any-of? @_method "Add" "AddRange" "Clear" "Insert" "Remove" "RemoveAll" "RemoveAt"))

((invocation_expression function: (member_access_expression expression: (_) @_on)) @effect
  (#match? @_on "^(System\\.)?(Console|File|Directory|IO\\.File|IO\\.Directory)(\\.(Out|Error|In))?$")
  (#set! effect "I/O"))
((object_creation_expression type: (_) @_type) @effect
  (#match? @_type "^(FileStream|StreamReader|StreamWriter|BinaryReader|BinaryWriter)$")
  (#set! effect "I/O"))
((object_creation_expression type: (_) @_type) @effect
  (#match? @_type "^(HttpClient|TcpClient|TcpListener|UdpClient|Socket|WebClient|ClientWebSocket|SqlConnection|Process)$")
  (#set! effect "external call"))
((invocation_expression function: (member_access_expression) @_call) @effect
  (#match? @_call "(^Process\\.Start|\\.(GetAsync|PostAsync|SendAsync|GetStringAsync|ExecuteNonQuery(Async)?|ExecuteReader(Async)?|SaveChanges(Async)?))$")
  (#set! effect "external call"))
((invocation_expression function: (member_access_expression) @_call) @effect
  (#match? @_call "^Environment\\.(Exit|FailFast)$")
  (#set! effect "ends the process"))

; Code outside every item, and code whose declarations are its own

[(lambda_expression) (anonymous_method_expression)] @scope
(compilation_unit (global_statement) @loose @scope)

; Text

(comment) @comment
[(preproc_pragma) (preproc_region) (preproc_endregion) (preproc_nullable) (preproc_line)] @comment
[(string_literal) (verbatim_string_literal) (raw_string_literal) (interpolated_string_expression) (character_literal)] @string
(ERROR) @broken
(MISSING) @broken
