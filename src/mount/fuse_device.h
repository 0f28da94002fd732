// The parts of the kernel's FUSE protocol that a server needs to take over from one that died: the
// first message, and asking the kernel to resend what the dead server had taken but not answered.
#pragma once

#include "base/bytes.h"
#include "base/file.h"

namespace grid::mount {

// Reads the kernel's first message, for the server to answer. It comes only once, and every server
// of the mount must know it. Throws if the connection is over.
Bytes receive_handshake(const FileDescriptor& device);

// Whether the kernel that sent this handshake can resend requests: Linux 6.9 or later.
bool can_resend(BytesView handshake);

// Puts requests that were taken but not answered back into the queue. Call it when no other process
// reads from the device any more. Otherwise a request may be answered twice, which does no harm, or
// be taken again by a process that dies, and then not be resent.
void ask_to_resend(const FileDescriptor& device);

// False if the mount is gone.
bool is_connected(int device);

}  // namespace grid::mount
