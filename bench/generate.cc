// Makes the corpora of the benchmark: the same bytes on every machine.
//
//   generate large OUT [DIVISOR]       4 x 512 MiB incompressible, and table.csv: 1 GiB, about 3:1
//   generate large2 SOURCE OUT         1 % of "large" overwritten in place, 4 KiB inserted, 8 MiB
//                                      appended
//   generate photos OUT [DIVISOR]      10,000 incompressible files of 20-200 KB in 100 folders
//   generate photos2 OUT               turns a hard-linked copy of "photos" into its next
//                                      version: 1 % changed, 1 % added, 1 % renamed
//   generate many OUT [DIVISOR]        200,000 files of 1-2 KB in 200 folders
//
// DIVISOR divides the size of a corpus. The random numbers come from xoshiro256** (Blackman and
// Vigna), seeded with splitmix64 of a number per file.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

using u64 = std::uint64_t;

struct Random {
  u64 s[4];
  explicit Random(u64 seed) {
    for (auto& word : s) {
      u64 z = (seed += 0x9e3779b97f4a7c15ull);
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
      word = z ^ (z >> 31);
    }
  }
  static u64 rotl(u64 x, int k) { return (x << k) | (x >> (64 - k)); }
  u64 next() {
    u64 r = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return r;
  }
  u64 below(u64 n) { return next() % n; }
  void fill(char* p, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
      u64 v = next();
      std::memcpy(p + i, &v, 8);
    }
    if (i < n) {
      u64 v = next();
      std::memcpy(p + i, &v, n - i);
    }
  }
};

static void die(const std::string& what) {
  std::perror(what.c_str());
  std::exit(1);
}
static void make_dir(const std::string& p) {
  if (mkdir(p.c_str(), 0755) && errno != EEXIST) die(p);
}
static void write_all(int fd, const char* p, size_t n, const std::string& name) {
  while (n) {
    ssize_t k = write(fd, p, n);
    if (k <= 0) die(name);
    p += k;
    n -= k;
  }
}
static void put(const std::string& path, const char* p, size_t n) {
  int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) die(path);
  write_all(fd, p, n, path);
  close(fd);
}
static std::vector<char> get(const std::string& path) {
  int fd = open(path.c_str(), O_RDONLY);
  if (fd < 0) die(path);
  struct stat st;
  fstat(fd, &st);
  std::vector<char> v(st.st_size);
  size_t done = 0;
  while (done < v.size()) {
    ssize_t k = read(fd, v.data() + done, v.size() - done);
    if (k <= 0) die(path);
    done += k;
  }
  close(fd);
  return v;
}

constexpr size_t MiB = 1u << 20;

static void large(const std::string& out, size_t divisor) {
  make_dir(out);
  std::vector<char> block(8 * MiB);
  for (int f = 0; f < 4; ++f) {
    Random rng(1000 + f);
    std::string name = out + "/shard-" + std::to_string(f) + ".bin";
    int fd = open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    for (size_t i = 0; i < std::max<size_t>(64 / divisor, 1); ++i) {
      rng.fill(block.data(), block.size());
      write_all(fd, block.data(), block.size(), name);
    }
    close(fd);
  }
  Random rng(2000);
  std::string name = out + "/table.csv";
  int fd = open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  static const char* labels[] = {"setosa", "versicolor", "virginica", "unknown"};
  std::string text = "row,timestamp,user,label,x,y,score,flag\n";
  size_t written = 0, row = 0;
  u64 when = 1600000000;
  const size_t table_size = 1024 * MiB / divisor;
  while (written < table_size) {
    while (text.size() < 4 * MiB) {
      char line[160];
      when += rng.below(30);
      u64 r = rng.next();
      int n = std::snprintf(line, sizeof line, "%zu,%llu,user%05llu,%s,%.3f,%.3f,%.2f,%s\n", row++,
                            (unsigned long long)when, (unsigned long long)(r % 20000),
                            labels[(r >> 20) & 3], ((r >> 22) & 0xfffff) / 1000.0,
                            ((r >> 42) & 0xffff) / 777.0, (rng.next() & 0x3ff) / 10.24,
                            (r >> 62) ? "true" : "false");
      text.append(line, n);
    }
    size_t n = std::min(text.size(), table_size - written);
    write_all(fd, text.data(), n, name);
    written += n;
    text.erase(0, n);
  }
  close(fd);
}

// 1 % of all bytes are overwritten in place, in runs of 4-64 KiB, in shard-0, shard-1 and
// table.csv; shard-2 gets 4 KiB inserted at offset 10,000; shard-3 gets 8 MiB appended.
static void large2(const std::string& src, const std::string& out) {
  make_dir(out);
  for (std::string f : {"shard-0.bin", "shard-1.bin", "shard-2.bin", "shard-3.bin", "table.csv"}) {
    auto v = get(src + "/" + f);
    Random rng(3000 + f[6] + f[0]);
    if (f == "shard-2.bin") {
      std::vector<char> extra(4096);
      rng.fill(extra.data(), extra.size());
      v.insert(v.begin() + 10000, extra.begin(), extra.end());
    } else if (f == "shard-3.bin") {
      std::vector<char> extra(8 * MiB);
      rng.fill(extra.data(), extra.size());
      v.insert(v.end(), extra.begin(), extra.end());
    } else {
      size_t budget = v.size() / 64;  // 1.56 % of these three is 1 % of the whole corpus
      while (budget > 0) {
        size_t n = std::min<size_t>(budget, 4096 + rng.below(60 * 1024));
        size_t at = rng.below(v.size() - n);
        if (f == "table.csv") {
          for (size_t i = 0; i < n; ++i)
            if (v[at + i] >= '0' && v[at + i] <= '9') v[at + i] = '0' + rng.below(10);
        } else
          rng.fill(v.data() + at, n);
        budget -= n;
      }
    }
    put(out + "/" + f, v.data(), v.size());
  }
}

static std::string photo(const std::string& dir, int i, const char* suffix = "") {
  char name[64];
  std::snprintf(name, sizeof name, "/class-%03d/img-%05d%s.jpg", i % 100, i, suffix);
  return dir + name;
}
static std::vector<char> photo_bytes(u64 seed) {
  Random rng(seed);
  std::vector<char> v(20000 + rng.below(180000));
  rng.fill(v.data(), v.size());
  return v;
}
static void photos(const std::string& out, int divisor) {
  make_dir(out);
  for (int c = 0; c < 100; ++c) {
    char d[32];
    std::snprintf(d, sizeof d, "/class-%03d", c);
    make_dir(out + d);
  }
  for (int i = 0; i < 10000 / divisor; ++i) {
    auto v = photo_bytes(10000 + i);
    put(photo(out, i), v.data(), v.size());
  }
}
// On a hard-linked copy of "photos" (cp -al): files that stay keep their inode and times, so that
// programs that trust those see them as unchanged.
static void photos2(const std::string& out) {
  int count = 0;
  while (access(photo(out, count).c_str(), F_OK) == 0) ++count;
  for (int i = 0; i < count; ++i) {
    std::string path = photo(out, i);
    if (i % 100 == 17) {
      auto v = photo_bytes(10000 + i);
      Random rng(50000 + i);
      rng.fill(v.data() + v.size() / 3, 4096);
      unlink(path.c_str());
      put(path, v.data(), v.size());
    }
    if (i % 100 == 42 && rename(path.c_str(), photo(out, i, "-renamed").c_str())) die(path);
  }
  for (int i = count; i < count + count / 100; ++i) {
    auto v = photo_bytes(10000 + i);
    put(photo(out, i), v.data(), v.size());
  }
}
static void many(const std::string& out, int divisor) {
  make_dir(out);
  for (int d = 0; d < 200; ++d) {
    char dir[32];
    std::snprintf(dir, sizeof dir, "/part-%03d", d);
    make_dir(out + dir);
    for (int i = 0; i < 1000 / divisor; ++i) {
      Random rng(1000000 + d * 1000 + i);
      std::vector<char> v(1024 + rng.below(1024));
      rng.fill(v.data(), v.size());
      char name[64];
      std::snprintf(name, sizeof name, "%s/rec-%04d.bin", dir, i);
      put(out + name, v.data(), v.size());
    }
  }
}

int main(int argc, char** argv) {
  std::string kind = argc > 1 ? argv[1] : "";
  int divisor = argc == 4 && kind != "large2" ? std::max(std::atoi(argv[3]), 1) : 1;
  bool plain = argc == 3 || argc == 4;
  if (kind == "large" && plain) {
    large(argv[2], static_cast<size_t>(divisor));
  } else if (kind == "large2" && argc == 4) {
    large2(argv[2], argv[3]);
  } else if (kind == "photos" && plain) {
    photos(argv[2], divisor);
  } else if (kind == "photos2" && argc == 3) {
    photos2(argv[2]);
  } else if (kind == "many" && plain) {
    many(argv[2], divisor);
  } else {
    std::fprintf(stderr,
                 "generate photos|large|many OUT [DIVISOR] | photos2 OUT | large2 SOURCE OUT\n");
    return 2;
  }
}
