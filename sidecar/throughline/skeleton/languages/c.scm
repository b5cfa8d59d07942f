; What an outline looks for in C. The captures are those of python.scm and java.scm; @declarator is what names a
; declaration, by which it is a function or none.

; Types

(struct_specifier name: (_)? @name body: (_) @body) @class
(union_specifier name: (_)? @name body: (_) @body) @class
(enum_specifier name: (_)? @name body: (_) @body) @enum
(enumerator name: (_) @name value: (_)? @value) @constant

(type_definition type: (_ body: (_)) @wrapped) @wrapper
(field_declaration type: (_ body: (_)) @wrapped) @wrapper
(declaration type: (_ body: (_)) @wrapped) @wrapper

; Functions, variables, fields

(function_definition type: (_) @typed declarator: (_) @declarator body: (_) @body) @function
(declaration type: (_) @typed . declarator: (init_declarator declarator: (_) @declarator value: (_) @value) .) @constant
(declaration type: (_) @typed declarator: (_) @declarator) @constant
(field_declaration type: (_) @typed declarator: (_) @declarator) @constant
(type_definition declarator: (_) @declarator) @type

(preproc_def name: (_) @name value: (_) @value) @constant
(preproc_function_def name: (_) @name parameters: (_) @parameters value: (_)? @body) @macro

; What belongs to an item

((comment) @doc.before)

(preproc_include path: (_) @import)

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

; Text

(comment) @comment
[(string_literal) (char_literal) (system_lib_string)] @string
(ERROR) @broken
(MISSING) @broken
