"""Says as JSON which Python this is, which of the sidecar's packages it lacks, and whether it finds the sidecar."""

import importlib.util
import json
import sys

PACKAGES = {
    "anthropic": "anthropic",
    "attrs": "attrs",
    "cattrs": "cattrs",
    "click": "click",
    "dotenv": "python-dotenv",
    "filelock": "filelock",
    "git": "gitpython",
    "lsprotocol": "lsprotocol",
    "pathspec": "pathspec",
    "pygls": "pygls",
    "rich": "rich",
    "tree_sitter": "tree-sitter",
    "tree_sitter_c": "tree-sitter-c",
    "tree_sitter_c_sharp": "tree-sitter-c-sharp",
    "tree_sitter_cpp": "tree-sitter-cpp",
    "tree_sitter_go": "tree-sitter-go",
    "tree_sitter_java": "tree-sitter-java",
    "tree_sitter_javascript": "tree-sitter-javascript",
    "tree_sitter_python": "tree-sitter-python",
    "tree_sitter_rust": "tree-sitter-rust",
    "tree_sitter_typescript": "tree-sitter-typescript",
}

missing = [package for module, package in PACKAGES.items() if importlib.util.find_spec(module) is None]
found = importlib.util.find_spec("throughline") is not None
sys.stdout.write(json.dumps({"version": list(sys.version_info[:2]), "missing": missing, "sidecar": found}))
