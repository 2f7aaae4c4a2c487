#!/usr/bin/env bash
# Installs the Debian packages in a new Debian root, by apt alone, and there builds and runs a project that uses them.
#
#     clean_root.sh PACKAGES_DIR SOURCE_DIR
#
# Needs root, the right to mount, and mmdebstrap. Debian's mirrors, proxies and keys are those of this system's apt.

set -Eeuo pipefail
PACKAGES=$(realpath "$1")
SOURCE=$(realpath "$2")
TEMP=$(mktemp -d)
NEW_ROOT=$TEMP/root
# What the root comes to is less than half of this.
ROOT_SIZE_MB=3000
readonly PACKAGES SOURCE TEMP NEW_ROOT ROOT_SIZE_MB

clean_up() {
  umount -l "$NEW_ROOT/proc" 2> /dev/null || true
  umount -l "$NEW_ROOT" 2> /dev/null || true
  rm -rf --one-file-system "$TEMP"
}
trap clean_up EXIT

fail() {
  echo "clean_root: $*" >&2
  exit 1
}

# Runs a step and tells how long it took; its output is shown when it fails.
step() {
  local what=$1 begin=$SECONDS code=0
  # Not as a condition: within one, errexit is off.
  set +e
  (set -e && "${@:2}") > "$TEMP/log" 2>&1
  code=$?
  set -e
  if ((code != 0)); then
    tail -n 60 "$TEMP/log" >&2
    fail "$what failed"
  fi
  echo "$what: $((SECONDS - begin)) s"
}

in_root() {
  chroot "$NEW_ROOT" env -i HOME=/root LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    "http_proxy=${http_proxy-}" "https_proxy=${https_proxy-}" "$@"
}

# In memory where there is enough of it: thousands of small files are written and thrown away.
mount_root() {
  local free
  free=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
  mkdir "$NEW_ROOT"
  if ((free < 2 * ROOT_SIZE_MB)); then return 0; fi
  mount -t tmpfs -o "size=${ROOT_SIZE_MB}m,mode=0755" tmpfs "$NEW_ROOT"
}

# Debian with the tools of whoever builds. What the packages need is not among them.
make_root() {
  local codename
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  apt-get indextargets --format '$(ORIGIN) deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    sed -n 's/^Debian //p' | sort -u > "$TEMP/sources"
  if [[ ! -s $TEMP/sources ]]; then fail "apt has no mirror of Debian: run apt-get update"; fi
  apt-config dump | grep '^Acquire::http' > "$TEMP/apt.conf" || true
  mmdebstrap --variant=apt --mode=root --include=g++,cmake,ninja-build,python3 \
    --aptopt="$TEMP/apt.conf" --aptopt='APT::Install-Recommends "false"' --dpkgopt=force-unsafe-io \
    --skip=cleanup/apt/lists "$codename" "$NEW_ROOT" "$TEMP/sources"
  printf '#!/bin/sh\nexit 101\n' > "$NEW_ROOT/usr/sbin/policy-rc.d"  # no service starts
  chmod +x "$NEW_ROOT/usr/sbin/policy-rc.d"
  # The new root reaches the mirrors as this system does.
  cp -L /etc/resolv.conf /etc/hosts "$NEW_ROOT/etc/"
  mount -t proc proc "$NEW_ROOT/proc"
}

install_packages() {
  mkdir "$NEW_ROOT/packages"
  cp "$PACKAGES"/*.deb "$NEW_ROOT/packages/"
  in_root sh -c 'DEBIAN_FRONTEND=noninteractive apt-get -q -y install /packages/*.deb'
}

build_consumer() {
  mkdir "$NEW_ROOT/consumer"
  cp "$SOURCE"/cmake/test/consumer/* "$NEW_ROOT/consumer/"
  in_root cmake -G Ninja -S /consumer -B /build -DHOW=find_package "-DCOMPONENTS=conformance;bench;jetstream" \
    -DSTORES=ON -DJETSTREAM=ON -DCONFORMANCE=ON -DBENCH=ON -DSAMPLES=/usr/share/aether/docs/samples
  in_root ninja -C /build
}

run_consumer() {
  in_root /build/contract_user
  in_root /build/stores_user /tmp/store
  in_root /build/jetstream_user
  in_root ctest --test-dir /build --output-on-failure --no-tests=error
}

run_programs() {
  local driver="python3 /tmp/driver/driver.py"
  # An example is what one takes a copy of: Python leaves files beside it.
  in_root cp -r /usr/share/aether/adapters/process/examples /tmp/driver
  in_root aether_rules --explain IMM-04
  in_root aether_check --help
  in_root aether_check --program my_store=/build/my_store_conformance --profile quick --rules VER \
    --report /tmp/reports/one
  in_root aether_driver_check "$driver"
  in_root aether_driver_conformance --driver "$driver" --profile quick --rules VER --report /tmp/reports/two
  in_root aether_compare /tmp/reports/one/report.json /tmp/reports/one/report.json
  in_root aether_bench --program limits=/usr/bin/limits_bench --program my_store=/build/my_store_bench --quick \
    --seconds 0.01 --workloads append --report /tmp/reports/bench
  if [[ ! -s $NEW_ROOT/tmp/reports/two/index.html ]]; then fail "there is no index.html in the report"; fi
}

remove_packages() {
  in_root apt-get -q -y purge libaether-dev libaether-jetstream-dev aether-spec aether-kit
  if [[ -n $(find "$NEW_ROOT/usr" -path '*aether*' -print -quit) ]]; then fail "purging leaves files"; fi
}

if ((EUID != 0)); then fail "only root makes a root"; fi
step "finding room for a Debian root" mount_root
step "making it" make_root
step "installing the packages and what they need" install_packages
step "building a project with them" build_consumer
step "running it" run_consumer
step "running the programs of the packages" run_programs
step "purging the packages" remove_packages
