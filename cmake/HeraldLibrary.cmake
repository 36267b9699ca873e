# herald_library(FOLDER [DEPENDS folder...] [PRIVATE_LINK target...] [BROKERS kind...] [TEST_THROUGH command...])
#
# Makes src/FOLDER a static library target herald_<folder with / as _>. Sources are every *.cc below the
# folder; *_test.cc become one GoogleTest program beside it. The library's include root holds nothing but a
# link to its own folder, so `#include "base/result.h"` compiles only where herald_base is linked: the
# allowed arrows are enforced by the compiler. Vendor libraries are PRIVATE_LINK, so that their headers stay inside.
# BROKERS: the test program runs once beside each kind of message broker (tests/support/broker.py).
# TEST_THROUGH is a command that is given the test program and its arguments to run.
function(herald_library folder)
  cmake_parse_arguments(ARG "" "" "DEPENDS;PRIVATE_LINK;BROKERS;TEST_THROUGH" ${ARGN})
  string(REPLACE "/" "_" name ${folder})
  set(target herald_${name})

  set(root ${CMAKE_BINARY_DIR}/include-roots/${name})
  get_filename_component(parent ${root}/${folder} DIRECTORY)
  file(MAKE_DIRECTORY ${parent})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/${folder} ${root}/${folder} SYMBOLIC)

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$|/main\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")

  set(deps)
  foreach(dep ${ARG_DEPENDS})
    string(REPLACE "/" "_" dep_name ${dep})
    list(APPEND deps herald_${dep_name})
  endforeach()

  if(sources)
    add_library(${target} STATIC ${sources})
    target_include_directories(${target} PUBLIC ${root})
    target_link_libraries(${target} PUBLIC ${deps} PRIVATE ${ARG_PRIVATE_LINK})
    if(HERALD_PCH)
      target_precompile_headers(${target} REUSE_FROM herald_pch)
    endif()
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${root})
    target_link_libraries(${target} INTERFACE ${deps})
  endif()

  if(tests AND HERALD_BUILD_TESTS)
    add_executable(${target}_test ${tests})
    target_link_libraries(${target}_test PRIVATE ${target} ${ARG_PRIVATE_LINK} GTest::gmock GTest::gtest_main)
    if(HERALD_PCH)
      target_precompile_headers(${target}_test REUSE_FROM herald_test_pch)
    endif()
    if(ARG_BROKERS)
      foreach(kind ${ARG_BROKERS})
        add_test(NAME ${name}_${kind}
          COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tests/support/broker.py ${kind} -- $<TARGET_FILE:${target}_test>)
        set_tests_properties(${name}_${kind} PROPERTIES TIMEOUT 1200)
      endforeach()
    else()
      add_test(NAME ${name} COMMAND ${ARG_TEST_THROUGH} $<TARGET_FILE:${target}_test>)
      set_tests_properties(${name} PROPERTIES TIMEOUT 1200)
    endif()
  endif()
endfunction()
