#include "run/sweep.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace grid::run {

namespace {

// What a place in the command stands for: a list, or a range, which is not written out, as one of
// 10^10 numbers may be searched at random.
struct Values {
  std::vector<std::string> list;
  std::int64_t first = 0, step = 1;
  std::uint64_t range_size = 0;

  std::uint64_t size() const { return range_size + list.size(); }
  bool empty() const { return size() == 0; }
  std::string operator[](std::uint64_t i) const {
    if (range_size == 0) return list[i];
    return std::to_string(static_cast<std::int64_t>(static_cast<std::uint64_t>(first) +
                                                    i * static_cast<std::uint64_t>(step)));
  }
};

// A place in the command that stands for several values.
struct Dimension {
  std::size_t argument = 0;
  std::size_t offset = 0;  // in the argument
  std::string name;
  Values values;
};

constexpr std::array<std::string_view, 3> strategy_names = {"grid_search", "random_search", "none"};

constexpr std::string_view way_out = "; --strategy none passes it unchanged";

constexpr std::string_view blanks = " \t";

template <class Number>
std::optional<Number> find_number(std::string_view text) {
  text = trimmed(text, blanks);
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  return parse_number<Number>(text);
}

// The text between the brackets of "NAME(…)" or "[…]".
std::optional<std::string_view> find_inside(std::string_view text, std::string_view begin,
                                            char end) {
  if (text.size() <= begin.size() || text.substr(0, begin.size()) != begin || text.back() != end)
    return std::nullopt;
  return text.substr(begin.size(), text.size() - begin.size() - 1);
}

// Takes a quoted text, or all before the next comma, off the front.
std::string_view take_item(std::string_view& text) {
  text = trimmed(text, blanks);
  std::size_t end = 0;
  if (!text.empty() && (text[0] == '\'' || text[0] == '"'))
    end = std::min(text.find(text[0], 1), text.size() - 1) + 1;
  end = std::min(text.find(',', end), text.size());
  const std::string_view item = trimmed(text.substr(0, end), blanks);
  text.remove_prefix(std::min(end + 1, text.size()));
  return item;
}

bool is_quoted(std::string_view item) {
  return item.size() >= 2 && (item[0] == '\'' || item[0] == '"') && item.back() == item[0] &&
         item.find(item[0], 1) == item.size() - 1;
}

// Empty if `text` is not a list of numbers and quoted texts.
Values find_list(std::string_view text) {
  std::optional<std::string_view> inside = find_inside(text, "[", ']');
  Values values;
  while (inside && !trimmed(*inside, blanks).empty()) {
    const std::string_view item = take_item(*inside);
    if (is_quoted(item))
      values.list.emplace_back(item.substr(1, item.size() - 2));
    else if (find_number<double>(item))
      values.list.emplace_back(item);
    else
      return {};
  }
  return values;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> items;
  while (!text.empty()) items.push_back(take_item(text));
  return items;
}

Values values_of_range(std::string_view text, std::string_view inside) {
  std::vector<std::int64_t> numbers;
  bool is_range = true;
  for (std::string_view item : split(inside)) {
    const auto number = find_number<std::int64_t>(item);
    if (number) numbers.push_back(*number);
    is_range = is_range && number.has_value();
  }
  if (!is_range || numbers.empty() || numbers.size() > 3)
    fail(ErrorKind::invalid_argument, "{}: range takes one to three whole numbers{}", text,
         way_out);
  if (numbers.size() == 1) numbers.insert(numbers.begin(), 0);
  if (numbers.size() == 2) numbers.push_back(1);
  const std::int64_t start = numbers[0], stop = numbers[1], step = numbers[2];
  if (step == 0) fail(ErrorKind::invalid_argument, "{}: a range cannot go in steps of 0", text);
  if (step > 0 ? start >= stop : start <= stop)
    fail(ErrorKind::invalid_argument, "{}: this range has no values", text);
  // Unsigned, as neither the length nor the smallest step fits a signed number.
  const auto width = [](std::int64_t from, std::int64_t to) {
    return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
  };
  const std::uint64_t length = step > 0 ? width(start, stop) : width(stop, start);
  const std::uint64_t stride = step > 0 ? width(0, step) : width(step, 0);
  return {.list = {}, .first = start, .step = step, .range_size = (length - 1) / stride + 1};
}

// Not a distribution of the standard library: those differ from one implementation to the next.
double draw(std::mt19937_64& random, double low, double high) {
  return low + (high - low) * (static_cast<double>(random() >> 11) * 0x1p-53);
}

Values values_of_uniform(std::string_view text, std::string_view inside, std::mt19937_64& random) {
  const std::vector<std::string_view> items = split(inside);
  std::optional<double> low, high, count;
  if (items.size() == 3) {
    low = find_number<double>(items[0]);
    high = find_number<double>(items[1]);
    count = find_number<double>(items[2]);
  }
  if (!low || !high || !count)
    fail(ErrorKind::invalid_argument,
         "{}: uniform takes the lowest and the highest number, and how many to draw{}", text,
         way_out);
  if (!(*low < *high))
    fail(ErrorKind::invalid_argument, "{}: {} is not below {}", text, *low, *high);
  if (!(*count >= 1) || *count > experiment_count_max || *count != std::floor(*count))
    fail(ErrorKind::invalid_argument, "{}: it can draw 1 to {} numbers", text,
         experiment_count_max);
  Values values;
  while (static_cast<double>(values.size()) < *count)
    values.list.push_back(fmt::format("{}", draw(random, *low, *high)));
  return values;
}

Values find_values(std::string_view text, std::mt19937_64& random) {
  text = trimmed(text, blanks);
  if (auto inside = find_inside(text, "range(", ')')) return values_of_range(text, *inside);
  if (auto inside = find_inside(text, "uniform(", ')'))
    return values_of_uniform(text, *inside, random);
  return find_list(text);
}

// "lr" of "--lr", "-lr", "+lr" and "lr".
std::string bare_name(std::string_view name) {
  name.remove_prefix(std::min(name.find_first_not_of("-+"), name.size()));
  return std::string(name);
}

std::string name_of_argument(const std::vector<std::string>& command, std::size_t argument,
                             std::size_t offset) {
  if (offset > 0) return bare_name(std::string_view(command[argument]).substr(0, offset - 1));
  const std::string& before = command[argument - 1];
  if (argument > 1 && before.size() > 1 && before[0] == '-' && before.find('=') == before.npos)
    return bare_name(before);
  return fmt::format("argument {}", argument);
}

std::vector<Dimension> find_dimensions(const std::vector<std::string>& command,
                                       std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Dimension> found;
  for (std::size_t i = 1; i < command.size(); ++i) {
    const std::string& argument = command[i];
    std::size_t offset = 0;
    Values values = find_values(argument, random);
    if (const std::size_t equals = argument.find('='); values.empty() && equals != argument.npos) {
      offset = equals + 1;
      values = find_values(std::string_view(argument).substr(offset), random);
    }
    if (!values.empty())
      found.push_back({i, offset, name_of_argument(command, i, offset), std::move(values)});
  }
  return found;
}

std::uint64_t combination_count(const std::vector<Dimension>& dimensions) {
  std::uint64_t count = 1;
  for (const Dimension& dimension : dimensions)
    if (__builtin_mul_overflow(count, dimension.values.size(), &count)) return UINT64_MAX;
  return count;
}

Experiment combination(const std::vector<std::string>& command,
                       const std::vector<Dimension>& dimensions, std::uint64_t number) {
  Experiment experiment{command, {}};
  for (auto it = dimensions.rbegin(); it != dimensions.rend(); ++it) {
    const std::string value = it->values[number % it->values.size()];
    number /= it->values.size();
    experiment.command[it->argument] = command[it->argument].substr(0, it->offset) + value;
    experiment.parameters.insert(experiment.parameters.begin(), {it->name, value});
  }
  return experiment;
}

// Different numbers below `count`, in the order in which they were drawn.
std::vector<std::uint64_t> draw_numbers(std::uint64_t count, std::uint64_t wanted,
                                        std::uint64_t seed) {
  std::mt19937_64 random(seed + 1);  // not the one that drew the values
  std::vector<std::uint64_t> drawn;
  std::set<std::uint64_t> known;
  // Floyd's algorithm: every draw yields a number, however few are left.
  for (std::uint64_t last = count - wanted; last < count; ++last) {
    const std::uint64_t number = random() % (last + 1);
    drawn.push_back(known.insert(number).second ? number : last);
    known.insert(drawn.back());
  }
  return drawn;
}

}  // namespace

Strategy parse_strategy(std::string_view name) {
  for (std::size_t i = 0; i < strategy_names.size(); ++i)
    if (strategy_names[i] == name) return static_cast<Strategy>(i);
  fail(ErrorKind::invalid_argument,
       "{} is not a strategy: choose grid_search, random_search or none", name);
}

std::vector<Experiment> expand_sweep(const std::vector<std::string>& command,
                                     const SweepOptions& options) {
  if (options.strategy == Strategy::none) return {};
  const std::vector<Dimension> dimensions = find_dimensions(command, options.seed);
  if (dimensions.empty()) {
    if (options.num_trials || options.strategy == Strategy::random_search)
      fail(ErrorKind::invalid_argument,
           "there is nothing to search: no argument is a list, a range or a distribution");
    return {};
  }
  const std::uint64_t count = combination_count(dimensions);
  std::uint64_t wanted = count;
  if (options.num_trials) {
    if (options.strategy != Strategy::random_search)
      fail(ErrorKind::invalid_argument, "--num_trials is for --strategy random_search");
    wanted = *options.num_trials;
    if (wanted == 0 || wanted > count)
      fail(ErrorKind::invalid_argument, "--num_trials {}: there are 1 to {} combinations to try",
           wanted, count);
  } else if (options.strategy == Strategy::random_search) {
    fail(ErrorKind::invalid_argument, "--strategy random_search needs --num_trials");
  }
  if (wanted > experiment_count_max)
    fail(ErrorKind::invalid_argument,
         "this sweep has {}{} experiments, more than {}: --strategy random_search tries some of "
         "them",
         wanted == UINT64_MAX ? "at least " : "", wanted, experiment_count_max);

  std::vector<Experiment> experiments;
  if (options.strategy == Strategy::random_search) {
    for (std::uint64_t number : draw_numbers(count, wanted, options.seed))
      experiments.push_back(combination(command, dimensions, number));
  } else {
    for (std::uint64_t number = 0; number < count; ++number)
      experiments.push_back(combination(command, dimensions, number));
  }
  return experiments;
}

std::vector<std::string> spell_parameter(const std::string& name, const std::string& value) {
  if (name.find('.') != name.npos || name.find('+') == 0) return {name + "=" + value};
  if (name.find('-') == 0) return {name, value};
  return {"--" + name, value};
}

}  // namespace grid::run
