// The least that a FUSE server can cost on this kernel: a read-only server that speaks the raw
// protocol, with the whole tree in memory and the bytes of files in a local folder. It answers OPEN
// once with ENOSYS, so that the kernel opens and closes by itself and only reads are messages. This
// is a yardstick, not a product: it handles no failure gracefully.
//
//   yardstick MOUNTPOINT FOLDER [THREADS]    runs until unmounted; needs root
#include <dirent.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

struct Node {
  std::string name, path;
  struct stat st;
  std::vector<int> kids;
  std::map<std::string, int> by_name;
  int fd = -1;
  std::mutex m;
};
static std::vector<Node*> nodes;
static int dev;

static int scan(const std::string& path, const std::string& name) {
  auto* n = new Node;
  n->name = name;
  n->path = path;
  lstat(path.c_str(), &n->st);
  int id = nodes.size();
  nodes.push_back(n);
  if (S_ISDIR(n->st.st_mode)) {
    DIR* d = opendir(path.c_str());
    while (auto* e = readdir(d))
      if (e->d_name[0] != '.') {
        int k = scan(path + "/" + e->d_name, e->d_name);
        n->kids.push_back(k);
        n->by_name[e->d_name] = k;
      }
    closedir(d);
  }
  return id;
}
static void attr(fuse_attr& a, int id) {
  auto& st = nodes[id]->st;
  std::memset(&a, 0, sizeof a);
  a.ino = id + 1;
  a.size = st.st_size;
  a.blocks = st.st_blocks;
  a.mtime = a.ctime = a.atime = st.st_mtime;
  a.mode = st.st_mode & ~0222;
  a.nlink = S_ISDIR(st.st_mode) ? 2 : 1;
  a.blksize = 4096;
}
static void entry(fuse_entry_out& e, int id) {
  std::memset(&e, 0, sizeof e);
  e.nodeid = id + 1;
  e.entry_valid = 100000;
  e.attr_valid = 100000;
  attr(e.attr, id);
}
static void reply(const fuse_in_header* in, int error, const void* p = nullptr, size_t n = 0) {
  fuse_out_header out{std::uint32_t(sizeof out + n), error, in->unique};
  iovec v[2] = {{&out, sizeof out}, {const_cast<void*>(p), n}};
  if (writev(dev, v, n ? 2 : 1) < 0 && errno != ENOENT) std::perror("reply");
}
static int node_fd(Node* n) {
  std::lock_guard g(n->m);
  if (n->fd < 0) n->fd = open(n->path.c_str(), O_RDONLY | O_CLOEXEC);
  return n->fd;
}

static void serve() {
  std::vector<char> buf(1 << 20 | 65536), out(1 << 20 | 65536);
  for (;;) {
    ssize_t r = read(dev, buf.data(), buf.size());
    if (r < 0) {
      if (errno == EINTR || errno == ENOENT || errno == EAGAIN) continue;
      return;
    }
    auto* in = reinterpret_cast<fuse_in_header*>(buf.data());
    char* arg = buf.data() + sizeof *in;
    int id = int(in->nodeid) - 1;
    switch (in->opcode) {
      case FUSE_INIT: {
        auto* i = reinterpret_cast<fuse_init_in*>(arg);
        fuse_init_out o{};
        o.major = 7;
        o.minor = 40;
        o.max_readahead = i->max_readahead;
        std::uint64_t want = FUSE_ASYNC_READ | FUSE_PARALLEL_DIROPS | FUSE_DO_READDIRPLUS |
                             FUSE_MAX_PAGES | FUSE_CACHE_SYMLINKS | FUSE_NO_OPEN_SUPPORT |
                             FUSE_NO_OPENDIR_SUPPORT | FUSE_INIT_EXT;
        std::uint64_t has = i->flags | (std::uint64_t(i->flags2) << 32);
        want &= has;
        o.flags = want;
        o.flags2 = want >> 32;
        o.max_background = 64;
        o.congestion_threshold = 48;
        o.max_write = 1 << 20;
        o.max_pages = 256;
        o.time_gran = 1;
        reply(in, 0, &o, sizeof o);
        break;
      }
      case FUSE_LOOKUP: {
        auto it = nodes[id]->by_name.find(arg);
        fuse_entry_out e;
        if (it == nodes[id]->by_name.end()) {
          std::memset(&e, 0, sizeof e);
          e.entry_valid = 100000;
          reply(in, 0, &e, sizeof e);
        } else {
          entry(e, it->second);
          reply(in, 0, &e, sizeof e);
        }
        break;
      }
      case FUSE_GETATTR: {
        fuse_attr_out o{};
        o.attr_valid = 100000;
        attr(o.attr, id);
        reply(in, 0, &o, sizeof o);
        break;
      }
      case FUSE_OPEN:
      case FUSE_OPENDIR:
        reply(in, -ENOSYS);
        break;
      case FUSE_READ: {
        auto* i = reinterpret_cast<fuse_read_in*>(arg);
        // A small file is opened for its one read; a large one stays open.
        bool small = nodes[id]->st.st_size <= 262144;
        int fd = small ? open(nodes[id]->path.c_str(), O_RDONLY | O_CLOEXEC) : node_fd(nodes[id]);
        ssize_t k = pread(fd, out.data(), i->size, i->offset);
        if (small) close(fd);
        reply(in, k < 0 ? -errno : 0, out.data(), k < 0 ? 0 : k);
        break;
      }
      case FUSE_READDIR:
      case FUSE_READDIRPLUS: {
        auto* i = reinterpret_cast<fuse_read_in*>(arg);
        bool plus = in->opcode == FUSE_READDIRPLUS;
        size_t used = 0;
        auto& kids = nodes[id]->kids;
        for (size_t k = i->offset; k < kids.size(); ++k) {
          auto& name = nodes[kids[k]]->name;
          size_t head = plus ? FUSE_NAME_OFFSET_DIRENTPLUS : FUSE_NAME_OFFSET,
                 need = FUSE_DIRENT_ALIGN(head + name.size());
          if (used + need > i->size) break;
          std::memset(out.data() + used, 0, need);
          fuse_dirent* d = reinterpret_cast<fuse_dirent*>(out.data() + used);
          if (plus) {
            auto* dp = reinterpret_cast<fuse_direntplus*>(out.data() + used);
            entry(dp->entry_out, kids[k]);
            d = &dp->dirent;
          }
          d->ino = kids[k] + 1;
          d->off = k + 1;
          d->namelen = name.size();
          d->type = (nodes[kids[k]]->st.st_mode >> 12) & 15;
          std::memcpy(d->name, name.data(), name.size());
          used += need;
        }
        reply(in, 0, out.data(), used);
        break;
      }
      case FUSE_STATFS: {
        fuse_statfs_out o{};
        o.st.bsize = 4096;
        o.st.namelen = 255;
        reply(in, 0, &o, sizeof o);
        break;
      }
      case FUSE_FORGET:
      case FUSE_BATCH_FORGET:
      case FUSE_INTERRUPT:
        break;
      case FUSE_DESTROY:
        reply(in, 0);
        return;
      default:
        reply(in, -ENOSYS);
    }
  }
}
int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "yardstick MOUNTPOINT FOLDER [THREADS]\n");
    return 2;
  }
  rlimit lim{1000000, 1000000};
  setrlimit(RLIMIT_NOFILE, &lim);
  scan(argv[2], "");
  dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  std::string options = "fd=" + std::to_string(dev) +
                        ",rootmode=40000,user_id=0,group_id=0,allow_other,max_read=1048576";
  if (mount("yardstick", argv[1], "fuse", MS_RDONLY | MS_NOSUID | MS_NODEV, options.c_str())) {
    std::perror("mount");
    return 1;
  }
  std::vector<std::thread> t;
  int n = argc > 3 ? std::atoi(argv[3]) : 2;
  for (int i = 0; i < n; ++i) t.emplace_back(serve);
  for (auto& x : t) x.join();
}
