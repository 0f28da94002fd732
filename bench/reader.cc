// Reads files the way a training job does, and times every read.
//
//   reader files ROOT LIST PROCESSES [SECONDS [SEED [MOST]]]
//       each file of LIST (paths below ROOT, one a line) once, in a shuffled order shared out
//       between the processes: open, read to the end in pieces of 256 KiB, close
//   reader seq SECONDS FILE...          every file from front to end, in pieces of 1 MiB
//   reader rand FILE SECONDS PROCESSES  4 KiB at random aligned places; a descriptor for each
//                                       process
//   reader touch MIB                    writes to that much fresh memory on all cores at once, then
//                                       frees it: see `ready` in lib.sh
//
// Prints one line, separated by tabs: what, operations, seconds, operations per second, MB per
// second, p50, p99 and longest in microseconds; 1 MB is 10^6 bytes. SECONDS limits the time (0: no
// limit); what was done by then counts. Files are opened by their full path, as programs do; the
// list is read before the clock starts.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

using Clock = std::chrono::steady_clock;
static double since(Clock::time_point t) {
  return std::chrono::duration<double>(Clock::now() - t).count();
}
static void die(const std::string& what) {
  std::perror(what.c_str());
  std::_Exit(1);
}

template <class T>
static T* shared(size_t n) {
  void* p = mmap(nullptr, std::max<size_t>(n, 1) * sizeof(T), PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) die("mmap");
  return static_cast<T*>(p);
}
static void report(const char* what, double seconds, std::uint64_t bytes, std::vector<float> us) {
  std::sort(us.begin(), us.end());
  auto at = [&](double q) {
    return us.empty() ? 0.f : us[std::min(us.size() - 1, size_t(q * us.size()))];
  };
  std::printf("%s\t%zu\t%.3f\t%.0f\t%.1f\t%.1f\t%.1f\t%.1f\n", what, us.size(), seconds,
              us.size() / seconds, bytes / seconds / 1e6, at(0.5), at(0.99),
              us.empty() ? 0.f : us.back());
}
static std::vector<std::string> lines(const std::string& root, const char* list) {
  std::ifstream in(list);
  std::vector<std::string> v;
  std::string s;
  while (std::getline(in, s)) v.push_back(root + "/" + s);
  return v;
}
// Runs body(k) in n forked processes that start together; returns the seconds until all have ended.
template <class F>
static double processes(int n, F body) {
  auto* go = shared<volatile int>(1);
  std::vector<pid_t> kids;
  for (int k = 0; k < n; ++k) {
    pid_t p = fork();
    if (p == 0) {
      while (!*go) usleep(100);
      body(k);
      std::_Exit(0);
    }
    kids.push_back(p);
  }
  usleep(20000);
  auto t = Clock::now();
  *go = 1;
  for (pid_t p : kids) {
    int st;
    waitpid(p, &st, 0);
    if (st) {
      std::fprintf(stderr, "a reader process failed\n");
      std::exit(1);
    }
  }
  return since(t);
}

int main(int argc, char** argv) {
  std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "files" && argc >= 5) {
    auto paths = lines(argv[2], argv[3]);
    int n = std::atoi(argv[4]);
    std::shuffle(paths.begin(), paths.end(), std::mt19937_64(argc > 6 ? std::atoll(argv[6]) : 1));
    if (argc > 7 && std::atoll(argv[7]) > 0)
      paths.resize(std::min<size_t>(paths.size(), std::atoll(argv[7])));
    double limit = argc > 5 ? std::atof(argv[5]) : 0;
    auto* done = shared<std::uint64_t>(n);
    auto* us = shared<float>(paths.size());
    auto* bytes = shared<std::uint64_t>(n);
    double s = processes(n, [&](int k) {
      std::vector<char> buf(256 * 1024);
      auto begin = Clock::now();
      for (size_t i = k; i < paths.size() && (limit == 0 || since(begin) < limit); i += n) {
        auto t = Clock::now();
        int fd = open(paths[i].c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0) die(paths[i]);
        ssize_t r;
        while ((r = read(fd, buf.data(), buf.size())) > 0) bytes[k] += r;
        if (r < 0) die(paths[i]);
        close(fd);
        us[i] = since(t) * 1e6;
        ++done[k];
      }
    });
    std::uint64_t all = 0;
    for (int k = 0; k < n; ++k) all += bytes[k];
    std::vector<float> v;
    for (int k = 0; k < n; ++k)
      for (size_t j = 0; j < done[k]; ++j) v.push_back(us[k + j * n]);
    report(("files" + std::to_string(n)).c_str(), s, all, v);
  } else if (mode == "seq" && argc >= 4) {
    std::vector<char> buf(1 << 20);
    std::uint64_t all = 0;
    std::vector<float> us;
    auto start = Clock::now();
    double limit = std::atof(argv[2]);
    for (int i = 3; i < argc; ++i) {
      int fd = open(argv[i], O_RDONLY);
      if (fd < 0) die(argv[i]);
      while (limit == 0 || since(start) < limit) {
        auto t = Clock::now();
        ssize_t r = read(fd, buf.data(), buf.size());
        if (r < 0) die(argv[i]);
        if (!r) break;
        all += r;
        us.push_back(since(t) * 1e6);
      }
      close(fd);
    }
    report("seq", since(start), all, us);
  } else if (mode == "rand" && argc == 5) {
    double limit = std::atof(argv[3]);
    int n = std::atoi(argv[4]);
    constexpr size_t most = 4'000'000;
    auto* us = shared<float>(most * n);
    auto* count = shared<std::uint64_t>(n * 8);
    double s = processes(n, [&](int k) {
      int fd = open(argv[2], O_RDONLY);
      if (fd < 0) die(argv[2]);
      struct stat st;
      fstat(fd, &st);
      std::uint64_t blocks = st.st_size / 4096;
      std::mt19937_64 rng(77 + k);
      char buf[4096];
      auto start = Clock::now();
      std::uint64_t i = 0;
      while (i < most && since(start) < limit) {
        auto t = Clock::now();
        if (pread(fd, buf, 4096, off_t(rng() % blocks) * 4096) != 4096) die("pread");
        us[k * most + i++] = since(t) * 1e6;
      }
      count[k * 8] = i;
    });
    std::vector<float> v;
    for (int k = 0; k < n; ++k) v.insert(v.end(), us + k * most, us + k * most + count[k * 8]);
    report(("rand" + std::to_string(n)).c_str(), s, v.size() * 4096, v);
  } else if (mode == "touch" && argc == 3) {
    size_t n = size_t(std::atoll(argv[2])) << 20;
    auto start = Clock::now();
    char* p = static_cast<char*>(
        mmap(nullptr, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (p == MAP_FAILED) die("mmap");
    madvise(p, n, MADV_HUGEPAGE);
    const size_t threads = std::max(1u, std::thread::hardware_concurrency()), part = n / threads;
    std::vector<std::jthread> touching;
    for (size_t t = 0; t < threads; ++t)
      touching.emplace_back([=] {
        for (size_t i = t * part; i < (t + 1) * part; i += 4096) p[i] = 1;
      });
    touching.clear();
    report("touch", since(start), n, {});
  } else {
    std::fprintf(stderr, "reader files|seq|rand|touch ...: see the top of reader.cc\n");
    return 2;
  }
}
