# isthmus_build_commit(OUT): the commit that is built, 12 hexadecimal digits, or "unknown".
#   From -DISTHMUS_COMMIT=, else from the archive (git archive fills cmake/commit.txt in), else from
#   git when the sources are the top of a work tree. The same commit gives the same text: builds stay
#   reproducible. A new commit runs CMake again.
function(isthmus_build_commit out)
  set(ISTHMUS_COMMIT "" CACHE STRING "Commit that is built; empty: found out")
  file(STRINGS ${PROJECT_SOURCE_DIR}/cmake/commit.txt commit LIMIT_COUNT 1)
  if(ISTHMUS_COMMIT)
    set(commit ${ISTHMUS_COMMIT})
  elseif(NOT commit MATCHES "^[0-9a-f]+$")
    isthmus_commit_of_git(commit)
  endif()
  string(SUBSTRING "${commit}" 0 12 commit)
  set(${out} ${commit} PARENT_SCOPE)
endfunction()

function(isthmus_commit_of_git out)
  set(${out} unknown PARENT_SCOPE)
  find_program(ISTHMUS_GIT git)
  if(NOT ISTHMUS_GIT)
    return()
  endif()
  execute_process(COMMAND ${ISTHMUS_GIT} rev-parse --show-toplevel HEAD --git-path logs/HEAD
                  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE lines ERROR_QUIET
                  RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(failed)
    return()
  endif()
  string(REPLACE "\n" ";" lines "${lines}")
  list(GET lines 0 top)
  list(GET lines 1 commit)
  list(GET lines 2 log)
  get_filename_component(top "${top}" REALPATH)
  get_filename_component(here "${PROJECT_SOURCE_DIR}" REALPATH)
  if(NOT top STREQUAL here)
    return()  # an unpacked archive inside somebody else's work tree
  endif()
  get_filename_component(log "${log}" ABSOLUTE BASE_DIR ${PROJECT_SOURCE_DIR})
  if(EXISTS ${log})
    set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${log})
  endif()
  set(${out} ${commit} PARENT_SCOPE)
endfunction()
