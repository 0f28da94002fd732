#include "cli/commands.h"

namespace grid::cli {

const CommandTable& command_table() {
  static const CommandTable table = {
      .groups = {{.name = "datastore",
                  .summary = "Create, inspect, compare, verify and delete datastores",
                  .default_command = "list"},
                 {.name = "store", .summary = "Heal a store"},
                 {.name = "cache",
                  .summary = "Show, limit and clear this machine's cache of remote stores",
                  .default_command = "show"},
                 {.name = "credential",
                  .summary = "Manage roles that read private buckets",
                  .default_command = "list"},
                 {.name = "session",
                  .summary = "Manage shells and servers with datastores attached",
                  .default_command = "list"}},
      .commands =
          {
              datastore_create_command(),
              datastore_list_command(),
              datastore_show_command(),
              datastore_ls_command(),
              datastore_cat_command(),
              datastore_get_command(),
              datastore_diff_command(),
              datastore_delete_command(),
              datastore_move_command(),
              datastore_policy_command(),
              datastore_describe_command(),
              datastore_verify_command(),
              datastore_resume_command(),
              datastore_clearcache_command(),
              store_repair_command(),
              mount_command(),
              unmount_command(),
              run_command(),
              credential_create_command(),
              credential_list_command(),
              credential_delete_command(),
              cache_show_command(),
              cache_limit_command(),
              cache_clear_command(),
              run_job_command(),
              status_command(),
              history_command(),
              logs_command(),
              stop_command(),
              artifacts_command(),
              session_create_command(),
              session_list_command(),
              session_exec_command(),
              session_attach_command(),
              session_detach_command(),
              session_delete_command(),
              completion_command(),
              complete_command(),
          },
  };
  return table;
}

}  // namespace grid::cli
