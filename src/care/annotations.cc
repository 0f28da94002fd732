#include "care/annotations.h"

#include "base/user.h"
#include "dataset/retention_object.h"
#include "dataset/tags.h"

namespace grid::care {

void copy_annotations(const dataset::OpenStore& from, const std::string& name,
                      const dataset::OpenStore& to, const std::string& new_name) {
  if (const std::string text = from.datastores->description(name);
      !text.empty() && text != to.datastores->description(new_name))
    to.datastores->describe(new_name, text);
  const auto retention = dataset::find_retention(*from.backend, name);
  if (retention && !dataset::find_retention(*to.backend, new_name))
    dataset::set_retention(*to.backend, new_name, retention->rules, retention->set_by);
  for (const dataset::Tag& tag : dataset::list_tags(*from.backend, name))
    if (!dataset::find_tag(*to.backend, new_name, tag.name))
      dataset::set_tag(*to.backend, new_name, tag.name, tag.version, tag.set_by);
}

void remove_tags(const dataset::OpenStore& store, const std::string& name) {
  for (const dataset::Tag& tag : dataset::list_tags(*store.backend, name))
    dataset::remove_tag(*store.backend, name, tag.name, user_at_host());
}

}  // namespace grid::care
