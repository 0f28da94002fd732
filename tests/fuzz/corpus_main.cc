// Runs a fuzz target over the files of the corpus, so that it is a test without libFuzzer too.

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  int files = 0;
  for (int i = 1; i < argc; ++i)
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream in(entry.path(), std::ios::binary);
      std::string text{std::istreambuf_iterator<char>(in), {}};
      // The whole file, the file cut at many places, and with single bits flipped.
      auto run = [](const std::string& bytes) {
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      };
      run(text);
      for (std::size_t at = 0; at < text.size(); at += 1 + text.size() / 64) {
        run(text.substr(0, at));
        std::string turned = text;
        turned[at] = static_cast<char>(turned[at] ^ (1 << (at % 8)));
        run(turned);
      }
      ++files;
    }
  std::printf("%d files\n", files);
  return files > 0 ? 0 : 1;
}
