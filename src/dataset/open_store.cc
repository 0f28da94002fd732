#include "dataset/open_store.h"

#include "backend/open.h"
#include "base/error.h"

namespace grid::dataset {

std::shared_ptr<OpenStore> open_store(std::string_view location, const OpenStoreOptions& options) {
  return open_store(std::shared_ptr<backend::Backend>(backend::open(location)), options);
}

std::shared_ptr<OpenStore> open_store(std::shared_ptr<backend::Backend> backend,
                                      const OpenStoreOptions& options) {
  std::optional<store::StoreMarker> marker =
      options.make_if_absent ? store::make_store(*backend) : store::find_marker(*backend);
  if (!marker)
    fail(ErrorKind::not_found,
         "there is no store at {} yet: the first `grid datastore create` makes one",
         backend->name());
  auto chunks = std::make_shared<store::ChunkStore>(
      backend, *marker,
      store::ChunkStoreOptions{.cache_folder = options.cache_folder,
                               .frame_cache_size_max = options.frame_cache_size_max,
                               .read_ahead = options.read_ahead});
  return std::make_shared<OpenStore>(
      OpenStore{.backend = backend,
                .marker = *marker,
                .chunks = chunks,
                .segments = std::make_shared<SegmentCache>(options.segment_cache_size_max),
                .contents = std::make_shared<ContentReader>(chunks, options.recipe_cache_size_max),
                .datastores = std::make_shared<Datastores>(backend),
                .cache_folder = options.cache_folder});
}

}  // namespace grid::dataset
