; What an outline looks for in Python.
;
; A pattern with one of the captures @class @function @constant @type ... finds an item; its parts are
; @name @parameters @returns @value @body. The other captures belong to the item around them:
; @doc @base @raises @effect (worded by #set!) @import (within @package) @attribute. @loose is code that runs on loading.

; Items

(class_definition
  name: (_) @name
  body: (block) @body) @class

(function_definition
  name: (_) @name
  parameters: (_) @parameters
  return_type: (_)? @returns
  body: (block) @body) @function

(module (expression_statement
  (assignment
    left: (identifier) @name
    type: (_)? @returns
    right: (_)? @value) @constant))

((module (expression_statement
  (assignment
    left: (identifier) @name
    right: (_) @value) @constant))
  (#eq? @name "__all__")
  (#set! value "whole"))

(class_definition body: (block (expression_statement
  (assignment
    left: (identifier) @name
    type: (_)? @returns
    right: (_)? @value) @constant)))

(type_alias_statement
  left: (type [(identifier) @name (generic_type . (identifier) @name)])
  right: (_) @value) @type

(decorated_definition (decorator) @decorator)
(decorated_definition definition: (_) @wrapped) @wrapper

; What belongs to an item

(module (expression_statement (string (string_content) @doc)))
(class_definition body: (block . (expression_statement (string (string_content) @doc) @comment)))
(function_definition body: (block . (expression_statement (string (string_content) @doc) @comment)))

(class_definition superclasses: (argument_list (_) @base))

(import_statement name: (dotted_name) @import)
(import_statement name: (aliased_import name: (dotted_name) @import))
((import_from_statement module_name: (_) @import)
  (#not-match? @import "^\\.+$"))
((import_from_statement module_name: (relative_import) @package name: (dotted_name) @import)
  (#match? @package "^\\.+$"))
((import_from_statement
  module_name: (relative_import) @package name: (aliased_import name: (dotted_name) @import))
  (#match? @package "^\\.+$"))

((raise_statement . (call function: (_) @raises))
  (#match? @raises "^([A-Za-z0-9_.]*\\.)?_*[A-Z][A-Za-z0-9_]*$"))
((raise_statement . [(identifier) (attribute)] @raises)
  (#match? @raises "^([A-Za-z0-9_.]*\\.)?_*[A-Z][A-Za-z0-9_]*$"))

((assignment
  left: (attribute object: (identifier) @_self attribute: (identifier) @name)
  type: (_)? @returns
  right: (_)? @value) @attribute
  (#eq? @_self "self"))

; Side effects

((assignment left: [
    (attribute object: (identifier) @_self)
    (subscript value: (attribute object: (identifier) @_self))
    (pattern_list (attribute object: (identifier) @_self))]) @effect
  (#any-of? @_self "self" "cls")
  (#set! effect "mutates self"))

((augmented_assignment left: [
    (attribute object: (identifier) @_self)
    (subscript value: (attribute object: (identifier) @_self))]) @effect
  (#any-of? @_self "self" "cls")
  (#set! effect "mutates self"))

((delete_statement [
    (attribute object: (identifier) @_self)
    (subscript value: (attribute object: (identifier) @_self))]) @effect
  (#any-of? @_self "self" "cls")
  (#set! effect "mutates self"))

((call function: (attribute
    object: (attribute object: (identifier) @_self)
    attribute: (identifier) @_method)) @effect
  (#any-of? @_self "self" "cls")
  (#any-of? @_method
    "add" "append" "appendleft" "clear" "discard" "extend" "insert" "pop" "popitem" "popleft"
    "remove" "reverse" "setdefault" "sort" "update")
  (#set! effect "mutates self"))

(assignment left: [
  (attribute object: (identifier) @argument)
  (subscript value: (identifier) @argument)]) @effect
(augmented_assignment left: [
  (attribute object: (identifier) @argument)
  (subscript value: (identifier) @argument)]) @effect
(delete_statement (subscript value: (identifier) @argument)) @effect
((call function: (attribute object: (identifier) @argument attribute: (identifier) @_method)) @effect
  (#any-of? @_method
    "append" "appendleft" "clear" "discard" "extend" "insert" "popitem" "popleft" "remove" "reverse" "setdefault" "sort"))

((call function: (attribute) @_call) @effect
  (#match? @_call "^(sys\\.exit|os\\._exit|os\\.abort)$")
  (#set! effect "ends the process"))

((global_statement) @effect
  (#set! effect "mutates globals"))

((call function: (identifier) @_call) @effect
  (#any-of? @_call "open" "print" "input")
  (#set! effect "I/O"))

((call function: (attribute attribute: (identifier) @_method)) @effect
  (#any-of? @_method
    "read_text" "write_text" "read_bytes" "write_bytes" "mkdir" "rmdir" "unlink" "touch" "iterdir"
    "execute" "executemany" "executescript" "commit" "rollback")
  (#set! effect "I/O"))

((call function: (attribute) @_call) @effect
  (#match? @_call "^(os\\.(chdir|chmod|fsync|link|listdir|makedirs|mkdir|open|read|remove|rename|replace|rmdir|scandir|stat|symlink|truncate|unlink|walk|write)|shutil\\.[a-z_]+|sys\\.(stdin|stdout|stderr)\\.[a-z_]+)$")
  (#set! effect "I/O"))

((call function: (attribute) @_call) @effect
  (#match? @_call "^(subprocess|requests|httpx|aiohttp|urllib\\.request|smtplib|ftplib|http\\.client|boto3|socket)\\.[A-Za-z_.]+$")
  (#set! effect "external call"))

((call function: (attribute) @_call) @effect
  (#match? @_call "^os\\.(system|popen|exec[a-z]*|spawn[a-z]*|kill|fork)$")
  (#set! effect "external call"))

; Code outside every item

(module [
  (if_statement) (for_statement) (while_statement) (with_statement) (try_statement) (match_statement)
  (assert_statement) (delete_statement) (raise_statement)
  (expression_statement [(call) (await) (augmented_assignment)])] @loose)

; Text

(comment) @comment
(string) @string
(ERROR) @broken
(MISSING) @broken
