# SPDX-License-Identifier: PostgreSQL
# How a folder of src/ becomes a library and a folder of tests/ a test program.

# What nearly every file includes; measured to save a seventh of the CPU at -O2, a fifth at -O0.
set(PGSEAL_PRECOMPILED <algorithm> <chrono> <cstdint> <map> <memory> <optional> <string>
    <string_view> <utility> <vector> <fmt/format.h> <tl/expected.hpp>)

function(folder name)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/${name}/*.cpp")
  if(NOT sources)
    return()
  endif()
  add_library(pgseal_${name} STATIC ${sources})
  if(NOT TARGET pgseal_precompiled)
    file(WRITE "${CMAKE_BINARY_DIR}/precompiled.cpp" "")
    add_library(pgseal_precompiled STATIC "${CMAKE_BINARY_DIR}/precompiled.cpp")
    target_precompile_headers(pgseal_precompiled PRIVATE ${PGSEAL_PRECOMPILED})
  endif()
  target_precompile_headers(pgseal_${name} REUSE_FROM pgseal_precompiled)
  if(PGSEAL_UNITY)
    set_target_properties(pgseal_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
    # Files that draw in an expensive or shared library stay apart: the node must not link it.
    file(GLOB apart "${CMAKE_SOURCE_DIR}/src/${name}/*_toml.cpp" "${CMAKE_SOURCE_DIR}/src/${name}/*_json.cpp")
    set_source_files_properties(${apart} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
endfunction()

# Folders from the highest floor to the lowest, as the linker wants them.
function(link_folders target)
  foreach(name ${ARGN})
    if(TARGET pgseal_${name})
      target_link_libraries(${target} PRIVATE pgseal_${name})
    endif()
  endforeach()
endfunction()

# tests/<folder>/*_test.cpp becomes build/<preset>/test_<folder>; tests/main.cpp holds doctest's main.
function(unit_tests)
  file(GLOB folders RELATIVE "${CMAKE_SOURCE_DIR}/tests" "${CMAKE_SOURCE_DIR}/tests/*")
  add_library(pgseal_test_main STATIC "${CMAKE_SOURCE_DIR}/tests/main.cpp")
  file(GLOB fakes CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/fakes/*.cpp")
  list(FILTER fakes EXCLUDE REGEX "_(test|program)\\.cpp$")
  if(fakes)
    add_library(pgseal_fakes STATIC ${fakes})
    target_include_directories(pgseal_fakes PRIVATE "${CMAKE_SOURCE_DIR}/tests")
    target_precompile_headers(pgseal_fakes REUSE_FROM pgseal_precompiled)
  endif()
  foreach(name ${folders})
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/${name}/*_test.cpp")
    if(NOT sources)
      continue()
    endif()
    if(name STREQUAL "simulation")  # it has parts of its own
      file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/${name}/*.cpp")
    endif()
    add_executable(test_${name} ${sources})
    target_include_directories(test_${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests")
    target_compile_definitions(test_${name} PRIVATE
      PGSEAL_TEST_FOLDER="${CMAKE_SOURCE_DIR}/tests/${name}" PGSEAL_BUILD_FOLDER="${CMAKE_BINARY_DIR}")
    link_folders(test_${name} test_main fakes cli operations node ssh probe ledger survey server link
                 slots host planning audit configuration fleet hba settings x509 base)
    target_link_libraries(test_${name} PRIVATE ${CONTROLLER_LIBRARIES})
    add_test(NAME ${name} COMMAND test_${name})
  endforeach()
endfunction()

# tests/fuzz/NAME_fuzz.cpp becomes build/fuzz/fuzz_NAME; libFuzzer brings its own main.
function(fuzzers)
  add_custom_target(fuzzers)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.cpp")
  foreach(source ${sources})
    get_filename_component(name "${source}" NAME_WE)
    string(REPLACE "_fuzz" "" name "${name}")
    add_executable(fuzz_${name} "${source}")
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_include_directories(fuzz_${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests")
    link_folders(fuzz_${name} node probe survey server link slots host configuration fleet hba settings x509 base)
    target_link_libraries(fuzz_${name} PRIVATE ${CONTROLLER_LIBRARIES})
    add_dependencies(fuzzers fuzz_${name})
  endforeach()
endfunction()
