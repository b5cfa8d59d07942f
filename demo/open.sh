#!/bin/sh
# Opens the packaged extension on a copy of the demo project: open.sh VSIX
set -eu
vsix=$1
home=build/run
project=$home/project
python=$(pwd)/.venv/bin/python

if [ ! -d "$project" ]; then
    mkdir -p "$home"
    cp -R demo/project "$project"
    git -C "$project" init -q
    git -C "$project" -c user.name=demo -c user.email=demo@localhost add -A
    git -C "$project" -c user.name=demo -c user.email=demo@localhost commit -qm "The project as the session finds it"
fi
settings=$(printf '{"throughline.python": "%s"}' "$python")

if command -v code >/dev/null 2>&1; then
    # A profile of its own: the user's settings and extensions stay as they are.
    mkdir -p "$home/code/user/User"
    printf '%s\n' "$settings" >"$home/code/user/User/settings.json"
    set -- --user-data-dir "$home/code/user" --extensions-dir "$home/code/extensions"
    echo "run: installing $vsix into a profile of its own"
    code "$@" --install-extension "$vsix" --force >/dev/null
    echo "run: opening VS Code; run 'Throughline: Open Chat' from the command palette"
    exec code "$@" --new-window "$project"
fi
echo "run: there is no \`code\` on the path, so a real editor is served to the browser"
node tests/editor/install.mjs
exec node tests/editor/serve.mjs --vsix "$vsix" --folder "$project" --settings "$settings" --home "$home/editor"
