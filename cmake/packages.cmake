# The Debian packages: one for each component of install.cmake. `./kit package` builds them.
set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL spec dev tools)
if(AETHER_BUILD_JETSTREAM)
  list(APPEND CPACK_COMPONENTS_ALL jetstream-dev)
endif()
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_PACKAGE_VERSION ${aether_VERSION})
set(CPACK_PACKAGE_CONTACT "The Aether project <aether@localhost>" CACHE STRING "Whom the packages name as maintainer")
set(CPACK_PACKAGE_DIRECTORY ${aether_SOURCE_DIR}/build/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)

set(CPACK_DEBIAN_SPEC_PACKAGE_NAME aether-spec)
set(CPACK_DEBIAN_SPEC_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_SPEC_PACKAGE_SECTION doc)
set(CPACK_DEBIAN_SPEC_DESCRIPTION "contract of an append-only event store: rules, schemas and vectors
The rules in prose and as data, JSON schemas of the wire form and of reports,
golden vectors for any language, and the pages on how to use the kit.")

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libaether-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
    "aether-spec (= ${aether_VERSION}-1), libgtest-dev (>= 1.12), librapidcheck-dev, nlohmann-json3-dev (>= 3.11), \
libsimdjson-dev (>= 3), libexpected-dev, libbenchmark-dev (>= 1.7)")
set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS "cmake (>= 3.25), g++ (>= 4:12) | clang (>= 1:16)")
set(CPACK_DEBIAN_DEV_DESCRIPTION "conformance kit for append-only event stores in C++20
The interfaces of an event store, a property-based kit that tries a store
against each rule of the contract, and two stores that pass it, in memory and
in a file. Static libraries, headers, and what find_package(aether) reads.")

set(CPACK_DEBIAN_JETSTREAM-DEV_PACKAGE_NAME libaether-jetstream-dev)
set(CPACK_DEBIAN_JETSTREAM-DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_JETSTREAM-DEV_PACKAGE_DEPENDS
    "libaether-dev (= ${aether_VERSION}-1), libnats-dev (>= 3.4), libssl-dev, pkg-config")
set(CPACK_DEBIAN_JETSTREAM-DEV_PACKAGE_SUGGESTS "nats-server (>= 2.9.10)")
set(CPACK_DEBIAN_JETSTREAM-DEV_DESCRIPTION "event store on NATS JetStream that passes the Aether conformance kit
The component jetstream of find_package(aether): a static library and its
header.")

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME aether-kit)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS "aether-spec (= ${aether_VERSION}-1)")
set(CPACK_DEBIAN_TOOLS_DESCRIPTION "programs of the Aether conformance kit
aether_check runs conformance programs side by side and writes one report,
aether_compare tells two reports apart, aether_rules lists and explains the
rules; aether_driver_conformance tries a store in any language by its driver,
which aether_driver_check tries before; aether_bench measures stores side by
side, against the limits of the machine and an earlier build.")

# Debian wants to read in each package under which terms it may be used.
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} upper)
  install(FILES cmake/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME}
          COMPONENT ${component})
  # Debug information would name the paths of this build. CMake strips programs, but not archives.
  install(CODE "if(CMAKE_INSTALL_DO_STRIP)
    file(GLOB archives \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/libaether_*.a\")
    foreach(archive IN LISTS archives)
      execute_process(COMMAND \"${CMAKE_STRIP}\" --strip-debug \${archive} COMMAND_ERROR_IS_FATAL ANY)
    endforeach()
  endif()" COMPONENT ${component})
endforeach()
include(CPack)
