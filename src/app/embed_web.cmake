# cmake -DOUT=file.cc "-DFILES=a;b" -P embed_web.cmake: writes the files as arrays, by name, for app/web_files.h.
set(arrays "")
set(rows "")
set(number 0)
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(APPEND arrays "constexpr unsigned char kFile${number}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${name}\", {reinterpret_cast<const char*>(kFile${number}), sizeof(kFile${number}) - 1}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUT}.new "#include \"app/web_files.h\"

namespace herald::app {

namespace {
${arrays}
}  // namespace

std::vector<WebFile> web_files() {
  return {
${rows}  };
}

}  // namespace herald::app
")
file(COPY_FILE ${OUT}.new ${OUT} ONLY_IF_DIFFERENT)
file(REMOVE ${OUT}.new)
file(TOUCH ${OUT})
