# Fuzz targets: code that reads bytes of unknown origin. Clang builds them with AETHER_BUILD_FUZZERS, as programs of
# libFuzzer; in every other build of the tests the same code replays its corpus.
option(AETHER_BUILD_FUZZERS "Build the fuzz targets with libFuzzer (Clang only; with AETHER_SANITIZE=address)" OFF)

# For how long a test fuzzes, and where the tests put what they find.
set(AETHER_FUZZ_SECONDS 10)
set(AETHER_FUZZ_DIR ${CMAKE_BINARY_DIR}/fuzz)

if(AETHER_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR NOT AETHER_SANITIZE STREQUAL "address")
    message(FATAL_ERROR "AETHER_BUILD_FUZZERS needs Clang and AETHER_SANITIZE=address")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_custom_target(aether_fuzzers)
endif()

# aether_fuzz_target(name SOURCES ... LINK ... [DICTIONARY file]): the target `name`, whose corpus is in
# fuzz/corpus/name.
function(aether_fuzz_target name)
  if(NOT AETHER_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "DICTIONARY" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${aether_SOURCE_DIR}/spec/fuzz)
  target_link_libraries(${name} PRIVATE ${ARG_LINK} aether_warnings)
  set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name})
  if(NOT AETHER_BUILD_FUZZERS)
    target_sources(${name} PRIVATE ${aether_SOURCE_DIR}/spec/fuzz/replay_main.cc)
    add_test(NAME ${name} COMMAND ${name} ${corpus})
    return()
  endif()
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  target_compile_definitions(${name} PRIVATE AETHER_FUZZER)
  add_dependencies(aether_fuzzers ${name})
  set(found ${AETHER_FUZZ_DIR}/${name})
  file(MAKE_DIRECTORY ${found})
  if(ARG_DICTIONARY)
    set(dictionary -dict=${CMAKE_CURRENT_SOURCE_DIR}/${ARG_DICTIONARY})
  endif()
  add_test(NAME ${name}
           COMMAND ${name} -seed=1 -max_total_time=${AETHER_FUZZ_SECONDS} -timeout=30 -rss_limit_mb=1024
                   -artifact_prefix=${AETHER_FUZZ_DIR}/ ${dictionary} ${found} ${corpus})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600)
endfunction()
