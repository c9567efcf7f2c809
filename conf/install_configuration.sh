#!/bin/sh
# Installs a configuration file unless there is one: install_configuration.sh FILE PLACE
set -eu
to=${DESTDIR:-}$2
[ ! -e "$to" ] || exit 0
mkdir -p "$(dirname "$to")"
install -m 644 "$1" "$to"
