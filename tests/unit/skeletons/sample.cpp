// Keeps notes.
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#define LIMIT 80

namespace notes {

class Store;
enum class Level : int { Low = 1, High };
using Names = std::vector<std::string>;
constexpr int DEPTH = 3;
static const std::map<std::string, int> TABLE = {
    {"a", 1},
    {"b", 2},
};

/// What a note is.
template <typename T, int N = 3>
struct Note final {
  T value{};
  int size = N;
  bool operator==(const Note& other) const { return value == other.value; }
  explicit operator bool() const noexcept { return size > 0; }
};

/**
 * Reads notes.
 */
class Reader {
 public:
  virtual ~Reader() = default;
  Reader(const Reader&) = delete;
  Reader& operator=(Reader&&) noexcept = default;
  virtual std::string read(const std::string& name, int depth = DEPTH) const = 0;

 protected:
  Reader() : depth_(1), names_{} { depth_ = 2; }
  int depth_;

 private:
  friend class Store;
  Names names_;
  static int count_;
};

class Store : public Reader, private std::enable_shared_from_this<Store> {
 public:
  explicit Store(std::unique_ptr<Reader> under, std::string path = "notes/of/a/very/long/path/that/nobody/needs/to/see/here")
      : under_(std::move(under)), path_(path) {}
  std::string read(const std::string& name, int depth) const override;
  template <typename... Args>
  auto put(const std::string& name, Args&&... args) -> std::size_t {
    count++;
    path_ = name;
    return name.size();
  }
  void fill(std::vector<int>& out, int (&sizes)[2], int (*each)(int), Names names = Names()) {
    out.push_back(1);
    sizes[0] = each(1);
    std::cout << names.size();
  }
  int& operator[](int place) & { return count; }
  Store operator+(const Store& other) const;
  int count = 0;

  struct Inner {
    int depth;
    class Deeper { int x; };
  } inner;

 private:
  std::unique_ptr<Reader> under_;
  std::string path_;
  int (*callback_)(int, char*) = nullptr;
};

/// Reads one.
std::string Store::read(const std::string& name, int depth) const {
  auto local = [depth](int a) { return a + depth; };
  if (local(1) > 2) throw std::out_of_range(name);
  if (name.empty()) throw std::runtime_error{"empty"};
  return under_->read(name);
}

template <typename T>
T larger(T a, T b) {
  return a > b ? a : b;
}

auto fold = [](int a) { return a; };

namespace {
int hidden(int, char*) { std::exit(1); }
}  // namespace

}  // namespace notes

extern "C" {
int outside(void);
}

int outside(void) try { return notes::hidden(1, nullptr); } catch (...) { throw; }
