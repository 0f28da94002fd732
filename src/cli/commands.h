// Every command of grid, one function each. A file in commands/ is named after its command, or
// after one of a few small commands that share it.
#pragma once

#include "cli/command.h"

namespace grid::cli {

Command datastore_create_command();
Command datastore_list_command();
Command datastore_show_command();
Command datastore_ls_command();
Command datastore_cat_command();
Command datastore_get_command();
Command datastore_find_command();
Command datastore_diff_command();
Command datastore_du_command();
Command datastore_delete_command();
Command datastore_undelete_command();
Command datastore_prune_command();
Command datastore_retention_command();
Command datastore_tag_command();
Command datastore_rename_command();
Command datastore_move_command();
Command datastore_policy_command();
Command credential_create_command();
Command credential_list_command();
Command login_command();
Command logout_command();
Command serve_command();
Command token_create_command();
Command token_list_command();
Command token_revoke_command();
Command credential_delete_command();
Command datastore_describe_command();
Command datastore_verify_command();
Command datastore_resume_command();
Command datastore_clearcache_command();
Command gc_command();
Command store_repair_command();
Command store_share_command();
Command store_upgrade_command();
Command mount_command();
Command unmount_command();
Command run_command();
Command cache_show_command();
Command cache_limit_command();
Command cache_clear_command();
Command run_job_command();
Command status_command();
Command history_command();
Command history_delete_command();
Command history_prune_command();
Command logs_command();
Command stop_command();
Command artifacts_command();
Command session_create_command();
Command session_list_command();
Command session_exec_command();
Command session_enter_command();
Command session_attach_command();
Command session_detach_command();
Command session_delete_command();
Command completion_command();
Command complete_command();

const CommandTable& command_table();

}  // namespace grid::cli
