# isthmus_room(NAME USES rooms... LINKS libraries... ZOO_x lists are declared by isthmus_zoo)
#   One static library per room: all *.cc of the folder and the listed sub-folders, but no tests.
#   All *_test.cc of the room become one test program, <room>_test. tools/check_layers.py compares
#   the includes with USES and with the line in docs/architecture.md.
function(isthmus_room name)
  cmake_parse_arguments(ROOM "" "" "USES;LINKS;TEST_USES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cc$")
  if(NOT sources)
    file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/empty.cc CONTENT "")
    set(sources ${CMAKE_CURRENT_BINARY_DIR}/empty.cc)
  endif()
  add_library(isthmus_${name} STATIC ${sources})
  foreach(used ${ROOM_USES})
    target_link_libraries(isthmus_${name} PUBLIC isthmus_${used})
  endforeach()
  target_link_libraries(isthmus_${name} PUBLIC ${ROOM_LINKS})
  target_include_directories(isthmus_${name} PUBLIC ${PROJECT_BINARY_DIR}/generated)
  if(tests AND ISTHMUS_TESTS)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE isthmus_${name} GTest::gtest_main)
    foreach(used ${ROOM_TEST_USES})
      target_link_libraries(${name}_test PRIVATE isthmus_${used})
    endforeach()
    target_compile_definitions(${name}_test PRIVATE ISTHMUS_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}." PROPERTIES LABELS fast
                         RESOURCE_LOCK ${name}_files  # tests of one room share a temporary folder
                         DISCOVERY_TIMEOUT 60)
  endif()
endfunction()

# isthmus_zoo(ROOM NAMESPACE DEF names...): one file per name, one function named like the file.
#   Generates generated/isthmus/<ROOM>/builtin_<NAMESPACE>.inc with one line ISTHMUS_ENTRY(name) per
#   name. Configuring fails if a listed name lacks its .cc, or if a .cc in the folder is not listed.
function(isthmus_zoo folder namespace)
  set(lines "")
  foreach(name ${ARGN})
    if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/${name}.cc)
      message(FATAL_ERROR "${namespace}: listed '${name}', but ${folder}/${name}.cc does not exist")
    endif()
    string(APPEND lines "ISTHMUS_ENTRY(${name})\n")
  endforeach()
  if(NOT folder STREQUAL ".")
    file(GLOB present RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}/${folder} CONFIGURE_DEPENDS
         ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cc)
    list(FILTER present EXCLUDE REGEX "_test\\.cc$")
    foreach(file ${present})
      string(REGEX REPLACE "\\.cc$" "" stem ${file})
      if(NOT stem IN_LIST ARGN)
        message(FATAL_ERROR "${namespace}: ${folder}/${file} is not listed in its CMakeLists.txt")
      endif()
    endforeach()
  endif()
  file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/generated/isthmus/builtin_${namespace}.inc
       CONTENT "${lines}")
endfunction()
