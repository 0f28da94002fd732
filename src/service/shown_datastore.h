// Everything known of one datastore or one of its versions: what it is, what uses it, and which
// versions are being made.
#pragma once

#include <string>
#include <vector>

#include "care/verify.h"
#include "dataset/open_store.h"
#include "dataset/tags.h"
#include "run/attachment.h"
#include "service/incomplete_creates.h"
#include "service/json.h"
#include "service/runs.h"
#include "service/settings.h"

namespace grid::service {

struct ShownDatastore {
  std::string name;
  bool whole = true;  // false: one version was asked for
  std::string description;
  std::vector<dataset::Version> versions;  // deleted ones too, or the one asked for
  std::vector<run::Attachment> users;
  IncompleteCreates creates;             // of its next versions
  std::vector<ObservedRun> runs;         // that used it, newest first
  dataset::DriftKnowledge drift;         // of one version in place
  std::vector<dataset::Tag> tags;        // of the datastore, or of the one version
  std::vector<care::Damage> unreadable;  // versions and tags that are left out, or the description
};

// Throws `not_found` as Datastores::resolve() does.
ShownDatastore show_datastore(const Settings& settings, const dataset::OpenStore& store,
                              const dataset::Reference& reference);

void write_document(JsonWriter& json, const ShownDatastore& shown);

}  // namespace grid::service
