# A store's conformance program, and its test. Loaded by find_package(aether), and where aether is part of a build.

# aether_add_conformance_test(name SOURCES file... [LINK library...] [PROFILE quick] [TIMEOUT seconds]
#                             [REPORT dir] [ARGS argument...] [LABELS label...])
#
# Makes the program `name` from SOURCES, one of which has AETHER_CONFORMANCE, and a test of the same name that runs
# it. The test has the label aether, and those of LABELS; it passes when the program ends with 0.
#
#   PROFILE  how much to try: quick (default), standard, thorough, soak
#   TIMEOUT  after how many seconds CTest ends it (default: 1200)
#   REPORT   where index.html, report.json and the rest of its reports go (default: <name>_report in the build directory)
#   ARGS     further options of the program, such as --known-failures <file>; all of them: <name> --help
function(aether_add_conformance_test name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "PROFILE;TIMEOUT;REPORT" "SOURCES;LINK;ARGS;LABELS")
  set(where "aether_add_conformance_test(${name})")
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "${where}: it takes no \"${ARG_UNPARSED_ARGUMENTS}\": there are SOURCES, LINK, PROFILE, "
                        "TIMEOUT, REPORT, ARGS and LABELS")
  endif()
  if(NOT ARG_SOURCES)
    message(FATAL_ERROR "${where}: it needs SOURCES, one of which has AETHER_CONFORMANCE")
  endif()
  if(NOT TARGET aether::conformance_main)
    set(why "AETHER_BUILD_CONFORMANCE is off, or find_package(aether) was asked for other components only")
    if(aether_conformance_NOT_FOUND_MESSAGE)
      set(why "${aether_conformance_NOT_FOUND_MESSAGE}")
    endif()
    message(FATAL_ERROR "${where}: there is no aether::conformance_main here: ${why}")
  endif()
  if(NOT DEFINED ARG_PROFILE)
    set(ARG_PROFILE quick)
  elseif(NOT ARG_PROFILE MATCHES "^(quick|standard|thorough|soak)$")
    message(FATAL_ERROR "${where}: PROFILE \"${ARG_PROFILE}\" is none of quick, standard, thorough and soak")
  endif()
  if(NOT DEFINED ARG_TIMEOUT)
    set(ARG_TIMEOUT 1200)
  elseif(NOT ARG_TIMEOUT MATCHES "^[1-9][0-9]*$")
    message(FATAL_ERROR "${where}: TIMEOUT \"${ARG_TIMEOUT}\" is not a number of seconds")
  endif()
  if(NOT DEFINED ARG_REPORT)
    set(ARG_REPORT ${name}_report)
  endif()
  cmake_path(ABSOLUTE_PATH ARG_REPORT BASE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")

  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE aether::conformance_main ${ARG_LINK})
  add_test(NAME ${name} COMMAND ${name} --profile ${ARG_PROFILE} --report ${ARG_REPORT} ${ARG_ARGS})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "aether;${ARG_LABELS}")
endfunction()
