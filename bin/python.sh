# Shared by bin/up and bin/test, which source it from the project's folder:
#   find_python       prints a Python >= 3.12 that really runs
#   ready_venv LOCK   makes .venv and installs LOCK when it changed

works() {
    # Asking is the only proof: pyenv's shims are on PATH for versions that are not selected and exit 127.
    "$1" -c 'import sys, venv, sqlite3; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1
}

find_python() {
    wanted=$(cat .python-version 2>/dev/null || true)
    for candidate in python3 "python$wanted" python3.13 python3.12 \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$wanted"*/bin/python \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[23]*/bin/python; do
        if works "$candidate"; then
            echo "$candidate"
            return 0
        fi
    done
    echo "Agent Ledger needs Python 3.12 or newer and found none: install python3.13 (or 3.12) and run this again." >&2
    return 1
}

digest_of() {
    # `cksum` is in POSIX; this guards against a stale install, not against an attacker (pip checks the hashes).
    cksum <"$1"
}

ready_venv() {
    if ! works .venv/bin/python; then
        python=$(find_python) || return 1
        echo "Making .venv with $("$python" --version) ..." >&2
        # `|| return`: callers test this function, which switches `set -e` off inside it.
        "$python" -m venv --clear .venv || return 1
    fi
    # The stamp holds one line per installed lock, so that bin/up and bin/test share one .venv.
    stamp=".venv/$1.installed"
    if [ "$(cat "$stamp" 2>/dev/null)" != "$(digest_of "$1")" ]; then
        echo "Installing the packages of $1 ..." >&2
        .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r "$1" || return 1
        digest_of "$1" >"$stamp"
    fi
}
