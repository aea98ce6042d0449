# isthmus_library_versions(OUT): C++ text, one line {"name", "version"}, per library of others, with
#   the version of the headers that this build sees. The doctor prints it beside what is loaded.
function(isthmus_header_version out header)  # macros...: one text, or the numbers of the parts
  set(${out} "" PARENT_SCOPE)
  string(MAKE_C_IDENTIFIER ${header} id)
  find_file(ISTHMUS_HEADER_${id} ${header})
  mark_as_advanced(ISTHMUS_HEADER_${id})
  if(NOT ISTHMUS_HEADER_${id})
    return()
  endif()
  set(parts "")
  foreach(macro ${ARGN})
    file(STRINGS ${ISTHMUS_HEADER_${id}} line LIMIT_COUNT 1 REGEX "define +${macro} ")
    if(NOT line MATCHES "define +${macro} +\"?([0-9][0-9.]*)")
      return()
    endif()
    list(APPEND parts ${CMAKE_MATCH_1})
  endforeach()
  list(JOIN parts "." version)
  set(${out} ${version} PARENT_SCOPE)
endfunction()

function(isthmus_library_versions out)
  isthmus_header_version(onednn oneapi/dnnl/dnnl_version.h DNNL_VERSION_MAJOR DNNL_VERSION_MINOR
                         DNNL_VERSION_PATCH)
  isthmus_header_version(highway hwy/highway.h HWY_MAJOR HWY_MINOR HWY_PATCH)
  isthmus_header_version(json nlohmann/detail/abi_macros.hpp NLOHMANN_JSON_VERSION_MAJOR
                         NLOHMANN_JSON_VERSION_MINOR NLOHMANN_JSON_VERSION_PATCH)
  if(NOT json)
    isthmus_header_version(json nlohmann/json.hpp NLOHMANN_JSON_VERSION_MAJOR
                           NLOHMANN_JSON_VERSION_MINOR NLOHMANN_JSON_VERSION_PATCH)
  endif()
  isthmus_header_version(toml toml++/impl/version.h TOML_LIB_MAJOR TOML_LIB_MINOR TOML_LIB_PATCH)
  isthmus_header_version(spng spng.h SPNG_VERSION_MAJOR SPNG_VERSION_MINOR SPNG_VERSION_PATCH)
  isthmus_header_version(zlib zlib.h ZLIB_VERSION)
  isthmus_header_version(xxhash xxhash.h XXH_VERSION_MAJOR XXH_VERSION_MINOR XXH_VERSION_RELEASE)
  set(text "")
  foreach(pair oneDNN=onednn Highway=highway nlohmann-json=json toml++=toml libspng=spng
               zlib=zlib xxHash=xxhash)
    string(REGEX MATCH "^(.*)=(.*)$" pair ${pair})
    string(APPEND text "    {\"${CMAKE_MATCH_1}\", \"${${CMAKE_MATCH_2}}\"},\n")
  endforeach()
  set(${out} "${text}" PARENT_SCOPE)
endfunction()
