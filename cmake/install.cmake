# What is installed, in four parts: spec (for any language), dev, jetstream-dev and tools. packages.cmake makes a
# Debian package of each.
#
#   include/aether/     the public headers
#   lib/                static libraries
#   lib/cmake/aether/   for find_package(aether)
#   share/aether/       laid out as the sources are: spec/ with the rules, schemas and vectors, docs/, conformance/
#   bin/                programs
include(CMakePackageConfigHelpers)

set(AETHER_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/aether)
set(AETHER_SHARE_DIR ${CMAKE_INSTALL_DATADIR}/aether)

# All that is installed and has to be built before.
add_custom_target(aether_packaged)

# aether_install_libraries(component export HEADERS dir... LIBRARIES target...)
function(aether_install_libraries component export)
  cmake_parse_arguments(PARSE_ARGV 2 ARG "" "" "HEADERS;LIBRARIES")
  add_dependencies(aether_packaged ${ARG_LIBRARIES})
  install(TARGETS ${ARG_LIBRARIES} EXPORT ${export} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component})
  install(EXPORT ${export} NAMESPACE aether:: DESTINATION ${AETHER_CMAKE_DIR} COMPONENT ${component})
  foreach(dir IN LISTS ARG_HEADERS)
    install(DIRECTORY ${dir}/include/aether DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT ${component})
  endforeach()
endfunction()

# A store that links these may end up in a shared library.
set_target_properties(aether_contract aether_memory_store aether_file_store PROPERTIES POSITION_INDEPENDENT_CODE ON)
aether_install_libraries(dev aetherTargets
  HEADERS spec reference/memory reference/file
  LIBRARIES aether_contract aether_memory_store aether_file_store)
if(AETHER_BUILD_CONFORMANCE)
  aether_install_libraries(dev aetherConformanceTargets
    HEADERS conformance
    LIBRARIES aether_conformance aether_conformance_main)
endif()
if(AETHER_BUILD_BENCH)
  aether_install_libraries(dev aetherBenchTargets HEADERS bench LIBRARIES aether_bench aether_bench_main)
endif()
if(AETHER_BUILD_JETSTREAM)
  set_target_properties(aether_jetstream_store PROPERTIES POSITION_INDEPENDENT_CODE ON)
  aether_install_libraries(jetstream-dev aetherJetstreamTargets
    HEADERS reference/jetstream
    LIBRARIES aether_jetstream_store)
endif()

configure_package_config_file(cmake/aetherConfig.cmake.in aetherConfig.cmake INSTALL_DESTINATION ${AETHER_CMAKE_DIR})
write_basic_package_version_file(aetherConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/aetherConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/aetherConfigVersion.cmake
              cmake/AetherConformanceTest.cmake
        DESTINATION ${AETHER_CMAKE_DIR} COMPONENT dev)

# Programs find these by their own place, ../share/aether: in the build directory that leads to the sources.
# Pages link to some sources, which come along.
install(DIRECTORY spec DESTINATION ${AETHER_SHARE_DIR} COMPONENT spec
        FILES_MATCHING PATTERN "*.md" PATTERN "*.json" PATTERN "*.jsonl" PATTERN "include/aether/*.h"
        PATTERN src EXCLUDE PATTERN test EXCLUDE)
install(FILES README.md DESTINATION ${AETHER_SHARE_DIR} COMPONENT spec)
install(DIRECTORY docs DESTINATION ${AETHER_SHARE_DIR} COMPONENT spec
        FILES_MATCHING PATTERN "*.md" PATTERN "*.h" PATTERN "*.cc" PATTERN "*.json" PATTERN "*.png"
        PATTERN "examples/*/CMakeLists.txt")
install(DIRECTORY conformance/ DESTINATION ${AETHER_SHARE_DIR}/conformance COMPONENT spec
        FILES_MATCHING PATTERN "*.schema.json"
        PATTERN include EXCLUDE PATTERN src EXCLUDE PATTERN test EXCLUDE PATTERN selftest EXCLUDE)
install(DIRECTORY adapters/process DESTINATION ${AETHER_SHARE_DIR}/adapters COMPONENT spec
        FILES_MATCHING PATTERN README.md PATTERN "examples/*.*" PATTERN test EXCLUDE
        PATTERN CMakeLists.txt EXCLUDE)
install(DIRECTORY reference DESTINATION ${AETHER_SHARE_DIR} COMPONENT spec
        FILES_MATCHING PATTERN "*.md" PATTERN include EXCLUDE PATTERN memory EXCLUDE PATTERN testing EXCLUDE)
install(DIRECTORY bench DESTINATION ${AETHER_SHARE_DIR} COMPONENT spec
        FILES_MATCHING PATTERN "*.md" PATTERN "*.schema.json" PATTERN "peers/*.h"
        PATTERN include EXCLUDE PATTERN src EXCLUDE PATTERN test EXCLUDE PATTERN compare EXCLUDE PATTERN limits EXCLUDE)
install(DIRECTORY conformance/src/properties DESTINATION ${AETHER_SHARE_DIR}/conformance/src COMPONENT spec)
install(DIRECTORY conformance/selftest DESTINATION ${AETHER_SHARE_DIR}/conformance COMPONENT spec)
install(DIRECTORY conformance/test/must_not_compile DESTINATION ${AETHER_SHARE_DIR}/conformance/test COMPONENT spec)

# Other programs of this project that people run add themselves here.
foreach(program aether_check aether_compare aether_rules aether_driver_conformance aether_driver_check
                aether_bench_program limits_bench aether_driver_bench)
  if(TARGET ${program})
    add_dependencies(aether_packaged ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)
  endif()
endforeach()

include(cmake/packages.cmake)
