; What an outline looks for in C++. The captures are those of c.scm.

; Types

(class_specifier name: (_)? @name body: (_) @body) @class
(struct_specifier name: (_)? @name body: (_) @body) @class
(union_specifier name: (_)? @name body: (_) @body) @class
(enum_specifier name: (_)? @name body: (_) @body) @enum
(enumerator name: (_) @name value: (_)? @value) @constant

(type_definition type: (_ body: (_)) @wrapped) @wrapper
(field_declaration type: (_ body: (_)) @wrapped) @wrapper
(declaration type: (_ body: (_)) @wrapped) @wrapper

; Functions, variables, fields

(function_definition type: (_)? @typed declarator: (_) @declarator body: (_) @body) @function
(function_definition type: (_)? @typed declarator: (_) @declarator (try_statement) @body) @function
(function_definition type: (_)? @typed declarator: (_) @declarator) @function
((field_initializer_list) @elided
  (#set! elided " "))
(declaration type: (_) @typed . declarator: (init_declarator declarator: (_) @declarator value: (_) @value) .) @constant
(declaration type: (_)? @typed declarator: (_) @declarator) @constant
(field_declaration type: (_)? @typed . declarator: (_) @declarator default_value: (_) @value .) @constant
(field_declaration type: (_)? @typed declarator: (_) @declarator) @constant
(alias_declaration name: (_) @name type: (_) @value) @type
(using_declaration (_) @name) @constant
(friend_declaration [(type_identifier) (template_type) (qualified_identifier)] @name) @constant
(concept_definition name: (_) @name (_) @value .) @type
(field_declaration_list (access_specifier) @label)
(namespace_definition name: (_)? @name body: (_) @body) @namespace

(template_declaration [
  (class_specifier) (struct_specifier) (union_specifier) (function_definition) (declaration) (alias_declaration)
  (concept_definition) (template_declaration) (friend_declaration)] @wrapped) @wrapper
(type_definition declarator: (_) @declarator) @type

(preproc_def name: (_) @name value: (_) @value) @constant
(preproc_function_def name: (_) @name parameters: (_) @parameters value: (_)? @body) @macro

; What belongs to an item

((comment) @doc.before)

(base_class_clause [(type_identifier) (qualified_identifier) (template_type)] @base)

(preproc_include path: (_) @import)

(throw_statement (call_expression function: (_) @raises))
(throw_statement (compound_literal_expression type: (_) @raises))

((assignment_expression left: (field_expression argument: (this))) @effect
  (#set! effect "mutates this"))
(assignment_expression left: (identifier) @assigned)
(assignment_expression left: (subscript_expression argument: (identifier) @assigned))
(update_expression argument: (identifier) @assigned)
((call_expression function: (field_expression argument: (identifier) @assigned field: (_) @_method))
  (#any-of? @_method
    "push_back" "emplace_back" "pop_back" "push" "pop" "insert" "emplace" "erase" "clear" "resize" "reset" "swap"))
(assignment_expression left: (field_expression argument: (identifier) @argument)) @effect
((call_expression function: (field_expression argument: (identifier) @argument field: (_) @_method)) @effect
  (#any-of? @_method
    "push_back" "emplace_back" "pop_back" "push" "pop" "insert" "emplace" "erase" "clear" "resize"))
((binary_expression left: (_) @_left operator: "<<") @effect
  (#match? @_left "^std::(cout|cerr|clog)")
  (#set! effect "I/O"))
((declaration type: (_) @_type) @effect
  (#match? @_type "^std::(ifstream|ofstream|fstream)$")
  (#set! effect "I/O"))
((call_expression function: (qualified_identifier) @_call) @effect
  (#match? @_call "^std::(filesystem::[a-z_]+|printf|fprintf|fopen|remove|rename|getline|puts)$")
  (#set! effect "I/O"))
((call_expression function: (qualified_identifier) @_call) @effect
  (#match? @_call "^std::(exit|abort|terminate|quick_exit|_Exit)$")
  (#set! effect "ends the process"))

((assignment_expression left: (identifier) @_left right: (identifier) @raises)
  (#eq? @_left "errno"))
((return_statement (unary_expression argument: (identifier) @raises))
  (#match? @raises "^E[A-Z0-9]{2,}$"))

(assignment_expression left: [
  (pointer_expression argument: (identifier) @argument)
  (subscript_expression argument: (identifier) @argument)
  (field_expression argument: (identifier) @argument operator: "->")
  (subscript_expression argument: (field_expression argument: (identifier) @argument operator: "->"))]) @effect
(update_expression argument: (field_expression argument: (identifier) @argument operator: "->")) @effect
((call_expression function: (identifier) @_call arguments: (argument_list . (identifier) @argument)) @effect
  (#any-of? @_call "memcpy" "memmove" "memset" "strcpy" "strncpy" "strcat" "strncat" "snprintf" "sprintf"))

((call_expression function: (identifier) @_call) @effect
  (#any-of? @_call
    "printf" "fprintf" "vfprintf" "puts" "fputs" "putchar" "fopen" "fclose" "fread" "fwrite" "fgets" "fscanf" "scanf"
    "open" "close" "read" "write" "pread" "pwrite" "lseek" "fseek" "unlink" "rename" "mkdir" "rmdir" "stat" "fstat"
    "perror" "opendir" "readdir" "mmap" "munmap" "ioctl")
  (#set! effect "I/O"))
((call_expression function: (identifier) @_call) @effect
  (#any-of? @_call
    "socket" "connect" "bind" "listen" "accept" "send" "recv" "sendto" "recvfrom" "getaddrinfo" "system" "popen"
    "fork" "execv" "execvp" "execve" "execl" "kill" "waitpid")
  (#set! effect "external call"))
((call_expression function: (identifier) @_call) @effect
  (#any-of? @_call "exit" "_exit" "abort" "longjmp")
  (#set! effect "ends the process"))

; Code whose declarations are its own

(lambda_expression) @scope

; Text

(comment) @comment
[(string_literal) (raw_string_literal) (char_literal) (system_lib_string)] @string
(ERROR) @broken
(MISSING) @broken
