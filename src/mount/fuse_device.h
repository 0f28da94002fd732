// What of the kernel's FUSE protocol a server needs that takes over from one that died: the first
// message, and to be sent again what the dead one had taken and not answered.
#pragma once

#include "base/bytes.h"
#include "base/file.h"

namespace grid::mount {

// Takes the message with which the kernel begins, for the server to answer. It comes once, and
// every server of the mount has to know it. Throws if the connection is over.
Bytes receive_handshake(const FileDescriptor& device);

// Whether the kernel that said this can send requests again: Linux from 6.9 on.
bool can_resend(BytesView handshake);

// Puts requests that were taken and not answered back into the queue. To be called when no other
// process reads from the device any more; otherwise the same is answered twice, which does no harm,
// or taken by one who dies, and then not again.
void ask_to_resend(const FileDescriptor& device);

// False when the mount is gone.
bool is_connected(int device);

}  // namespace grid::mount
