#!/bin/bash
# Builds the image, and checks it in containers: read-only and without privileges, shutdown on SIGTERM, HEALTHCHECK
# behind a published port, and the class MockserverContainer. It needs podman, which it installs if it is root on
# Debian. Each clone has a store of its own for images and containers, below the cache folder of the user: whatever runs
# in another store, yours or another clone's, is neither seen nor ended.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ] || ! grep -qx 'ID=debian' /etc/os-release 2>/dev/null; then
  echo "NOT ROOT ON DEBIAN: the image is NOT BUILT and NOT CHECKED, the tests in containers are SKIPPED." >&2
  exit 0
fi

clone=$(pwd -P | sha256sum | cut -c 1-12)
readonly cache=${XDG_CACHE_HOME:-$HOME/.cache}/mockserver-image-check/$clone
readonly base=docker.io/library/python:3.13-slim image=docker.io/library/mockserver
readonly name=mockserver-image-check bin=$PWD/.venv/bin log=$cache/log socket=$cache/podman.sock
service=
mkdir -p "$cache"
exec 9>"$cache/lock"
flock --nonblock 9 || { echo "make image runs already in this clone" >&2; exit 1; }

step() { printf '%4ss  %s\n' "$SECONDS" "$*"; }
fail() {
  echo "IMAGE CHECK FAILED: $*" >&2
  tail -n 40 "$log" >&2
  podman logs "$name" >&2 || true
  exit 1
}
finish() {
  [ -z "$service" ] || kill "$service" || true
  podman rm --force --all --time 0 &>"$log.end" || true # all of this store, which is of this run alone
  podman image prune --force &>>"$log.end" || true
}

packages=(podman runc netavark iptables mmdebstrap)
dpkg --status "${packages[@]}" &>/dev/null || {
  apt-get update --quiet=2
  DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --no-install-recommends "${packages[@]}" >"$log"
}
make --silent .venv/test

# Settings with which podman also works inside a container: no systemd, limits that need no privilege, and no overlay on
# an overlay.
driver=overlay
[ "$(stat --file-system --format %T "$cache")" != overlayfs ] || driver=vfs
export CONTAINERS_CONF=$cache/containers.conf CONTAINERS_STORAGE_CONF=$cache/storage.conf
cat >"$CONTAINERS_CONF" <<END
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
END
cat >"$CONTAINERS_STORAGE_CONF" <<END
[storage]
driver = "$driver"
graphroot = "$cache/images"
runroot = "$cache/run"
END
trap finish EXIT
step "podman is installed"

# If no registry is reachable, Debian's Python of the same version replaces the base image.
if ! podman image exists "$base" && ! timeout 120 podman pull --quiet "$base" &>"$log"; then
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | sed -n 1p)
  mmdebstrap --quiet --variant=minbase --include=ca-certificates,python3,python3-venv \
    --customize-hook='ln -s python3 "$1/usr/bin/python"' trixie - "$mirror" 2>"$log" |
    podman import --quiet --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
      - "$base" >>"$log" 2>&1 || fail "no base image"
  step "no registry is reachable: Debian's Python replaces $base"
fi

# The settings of pip on this machine are mounted during the build; they are not part of the image.
mounts=()
for file in /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
  [ ! -e "$file" ] || mounts+=(--volume "$file:$file:ro")
done
podman build --isolation chroot --format docker --pull=never "${mounts[@]}" --tag "$image" . &>"$log" || fail "no build"
step "built: $(podman image inspect --format '{{.Size}}' "$image" | numfmt --to si)B, base included"

podman run --detach --name "$name" --publish 127.0.0.1::8080 --read-only --cap-drop ALL \
  --security-opt no-new-privileges --memory 256m "$image" &>"$log" || fail "it does not start"
"$bin/mockserver" wait --url "http://$(podman port "$name" 8080)" --timeout 20 || fail "it does not respond"
uid=$(podman exec "$name" python -c 'import os; print(os.getuid())')
[ "$uid" != 0 ] || fail "it runs as root"
step "responds behind a published port, as uid $uid, with a read-only root, no capabilities and 256 MB"
podman healthcheck run "$name" &>"$log" || fail "its HEALTHCHECK does not pass"
step "its HEALTHCHECK passes"
podman stop --time 10 "$name" &>"$log"
code=$(podman inspect --format '{{.State.ExitCode}}' "$name")
[ "$code" = 0 ] || fail "exit code $code on SIGTERM"
step "exit code 0 on SIGTERM"

# podman implements Docker's API. Ports are published on this machine, and no other image is pulled.
rm -f "$socket"
podman system service --time=0 "unix://$socket" &>"$cache/service.log" &
service=$!
export DOCKER_HOST=unix://$socket TESTCONTAINERS_RYUK_DISABLED=true
export TESTCONTAINERS_CONNECTION_MODE=docker_host TESTCONTAINERS_HOST_OVERRIDE=127.0.0.1
until [ -S "$socket" ] || ! kill -0 "$service"; do sleep 0.1; done
IMAGE=$image "$bin/python" -m pytest --quiet -m container tests/test_testcontainers.py
step "MockserverContainer works"
