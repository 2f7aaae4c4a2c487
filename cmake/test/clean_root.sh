#!/usr/bin/env bash
# Installs the Debian packages in a new Debian root, by apt alone, and builds and runs a project there that uses them.
#
#     clean_root.sh PACKAGES_DIR SOURCE_DIR
#
# Needs root and debootstrap. Mirrors, proxies and their keys are those of this system's apt.

set -Eeuo pipefail
PACKAGES=$(realpath "$1")
SOURCE=$(realpath "$2")
TEMP=$(mktemp -d)
NEW_ROOT=$TEMP/root
trap 'umount -l "$NEW_ROOT/proc" 2> /dev/null || true; rm -rf --one-file-system "$TEMP"' EXIT
readonly PACKAGES SOURCE TEMP NEW_ROOT

fail() {
  echo "clean_root: $*" >&2
  exit 1
}

# Runs a step and tells how long it took; its output is shown when it fails.
step() {
  local what=$1 begin=$SECONDS
  if ! "${@:2}" > "$TEMP/log" 2>&1; then
    tail -n 60 "$TEMP/log" >&2
    fail "$what failed"
  fi
  echo "$what: $((SECONDS - begin)) s"
}

in_root() { chroot "$NEW_ROOT" env -i HOME=/root LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

# Proxies that apt is configured with are for debootstrap, too.
use_proxies_of_apt() {
  local kind proxy
  for kind in http https; do
    proxy=$(apt-config shell P "Acquire::$kind::Proxy" | sed -nE "s/^P='(.*)'\$/\1/p")
    if [[ -n $proxy && $proxy != DIRECT ]]; then export "${kind}_proxy=$proxy"; fi
  done
}

make_root() {
  local codename mirror
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
    sed -nE "s/^$codename (.*)\$/\1/p" | head -n 1)
  if [[ -z $mirror ]]; then fail "apt has no mirror of $codename: run apt-get update"; fi
  debootstrap --variant=minbase "$codename" "$NEW_ROOT" "$mirror"
}

# The new root reaches the mirrors as this system does.
configure_root() {
  rm -f "$NEW_ROOT/etc/apt/sources.list"
  cp -a /etc/apt/. "$NEW_ROOT/etc/apt/"
  cp -a /usr/share/keyrings/. "$NEW_ROOT/usr/share/keyrings/"
  cp -L /etc/resolv.conf /etc/hosts "$NEW_ROOT/etc/"
  printf '#!/bin/sh\nexit 101\n' > "$NEW_ROOT/usr/sbin/policy-rc.d"  # no service starts
  chmod +x "$NEW_ROOT/usr/sbin/policy-rc.d"
  mount -t proc proc "$NEW_ROOT/proc"
  mkdir "$NEW_ROOT/packages" "$NEW_ROOT/consumer"
  cp "$PACKAGES"/*.deb "$NEW_ROOT/packages/"
  cp "$SOURCE"/cmake/test/consumer/* "$NEW_ROOT/consumer/"
  in_root apt-get -q update
}

install_packages() {
  # What has to be there comes with the packages; the tools of whoever builds are asked for.
  in_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends \
    g++ cmake ninja-build $(cd "$NEW_ROOT" && ls packages/*.deb | sed 's|^|/|')
}

build_consumer() {
  in_root cmake -G Ninja -S /consumer -B /build -DHOW=find_package "-DCOMPONENTS=conformance;jetstream" \
    -DSTORES=ON -DJETSTREAM=ON -DCONFORMANCE=ON -DSAMPLES=/usr/share/aether/docs/samples
  in_root ninja -C /build
}

run_consumer() {
  in_root /build/contract_user
  in_root /build/stores_user /tmp/store
  in_root /build/jetstream_user
  in_root ctest --test-dir /build --output-on-failure --no-tests=error
  in_root aether_rules --explain IMM-04
  in_root aether_check --program my_store=/build/my_store_conformance --profile quick --rules VER
}

remove_packages() {
  in_root apt-get -q -y purge libaether-dev libaether-jetstream-dev aether-spec aether-kit
  if [[ -n $(find "$NEW_ROOT/usr" -path '*aether*' -print -quit) ]]; then fail "purging leaves files"; fi
}

if ((EUID != 0)); then fail "only root makes a root"; fi
use_proxies_of_apt
step "making a Debian root" make_root
step "configuring apt there" configure_root
step "installing the packages and what they need" install_packages
step "building a project with them" build_consumer
step "running it" run_consumer
step "purging the packages" remove_packages
