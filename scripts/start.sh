#!/bin/sh
# Fetches what is missing of the model, then serves: `scripts/start.sh [flags of omnilive serve]`. It is what `make run`
# and the container start. OMNILIVE_BIN names the program where it is not in PATH.
set -eu
omnilive=${OMNILIVE_BIN:-omnilive}

# The flags of serve that say where the parts are kept and which of them are needed go for the fetch, too.
set_name=default
models=
lib=
previous=
for flag in "$@"; do
	case $previous in
	--model | -model) [ "$flag" != tiny ] || set_name=tiny ;;
	--models-dir | -models-dir) models=$flag ;;
	--lib-dir | -lib-dir) lib=$flag ;;
	esac
	case $flag in
	--model=tiny | -model=tiny) set_name=tiny ;;
	--models-dir=* | -models-dir=*) models=${flag#*=} ;;
	--lib-dir=* | -lib-dir=*) lib=${flag#*=} ;;
	esac
	previous=$flag
done

"$omnilive" models fetch --set "$set_name" ${models:+--models-dir "$models"} ${lib:+--lib-dir "$lib"}
exec "$omnilive" serve "$@"
