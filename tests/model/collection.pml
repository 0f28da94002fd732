/* The collection protocol of docs/collection.md, for spin; tests/model/check.sh runs it.
 *
 * One chunk stands for all: each version needs it. At first two packs have it, 0 and 1; writer w may write it
 * again, to pack 2 + w. So "a version lacks a chunk" is: a version is ready, and no pack is there. Versions have
 * numbers; number 0 is there from the beginning.
 *
 * Sleeping and dying need no steps of their own: a process that is not scheduled any more is dead, and one that
 * is scheduled late has slept. The patience is left out: a collector may close any lease at any moment. What is
 * right then is right with every clock. A request to create a record is in flight (`flying`) until the network
 * delivers it, at any time, also when its writer is long dead. Listings take a step for each key.
 *
 * Each of these leaves a rule out. Spin must find an error then:
 *   NO_SECOND_LOOK    the writer uses the collection that it saw before it had its lease
 *   PACKS_FIRST       the writer lists packs before it looks which are condemned
 *   EXCLUDE_NOTHING   the writer relies on condemned packs
 *   NO_CONTEST        closing a lease does not keep its writer from going on
 *   END_IN_FLIGHT     a writer that does not know whether it has published removes its lease
 *   NO_WAIT           the collector does not wait for leases
 *   NO_ROLL_FORWARD   a closed lease counts as ended although its publication is still under way
 *   CLOSED_IS_ENDED   the same, of a lease that another collector has just closed
 *   LOOK_TOO_EARLY    the last look comes before the leases have ended
 *   NO_RESCUE         what was condemned is removed without a last look
 *   TWO_VERDICTS      each collector follows its own verdict
 *   NEXT_TOO_EARLY    a collection begins before what the last one has to remove is gone
 * With FROZEN, everything dies at some moment, and two runs of one collector must leave nothing that is not needed:
 *   KEEP_CONDEMNED    nobody finishes the collection of a collector that died
 *   NO_CLOSING        nobody closes the lease of a writer that died
 *   RESCUE_ANY        the last look rescues a condemned pack for a chunk that another pack has
 */

#ifndef WRITERS
#define WRITERS 3
#endif
#ifndef COLLECTORS
#define COLLECTORS 2
#endif
#ifndef COLLECTIONS
#define COLLECTIONS 2
#endif
#ifndef RUNS
#define RUNS 1           /* of each collector */
#endif
#define PACKS (2 + WRITERS)
#define NUMBERS (1 + WRITERS)
#define FREE 15
#define BIT(p) (1 << (p))
#define LOWEST(set) ((set) & (-(set)))
#define NO_PACK 255

/* The store. */
#ifndef AT_FIRST
#define AT_FIRST 3
#endif
byte there = AT_FIRST;              /* packs, as bits */
byte taken[NUMBERS];                /* which writer's record a number has, FREE if none */
bool deleted[NUMBERS];
mtype = { none, open, publishing, closed, gone };
mtype lease[WRITERS];               /* the last slot of each; `none` before, `gone` after */
byte seen[WRITERS];                 /* by the lease's first slot */
byte target[WRITERS];               /* the number that `publishing`, or `closed`, names; FREE if none */
byte newest;                        /* collection; 0: none */
byte condemned[COLLECTIONS + 1];
bool has_verdict[COLLECTIONS + 1];
byte verdict[COLLECTIONS + 1];      /* the packs to be removed */

/* Not in the store. */
byte flying[WRITERS];               /* the number whose record is on its way; FREE if none */
bool frozen;                        /* with FROZEN: all have died but one collector */
byte last_one;

#define READY(n) (taken[n] != FREE && !deleted[n])
#define LIVES(w) (lease[w] == open || lease[w] == publishing)

#ifdef CLOSED_IS_ENDED
#define MINE mine_to_end
#else
#define MINE true
#endif

#ifdef FROZEN
#define ALIVE provided (!frozen)
#define LAST_ALIVE provided (!frozen || _pid == last_one)
#else
#define ALIVE
#define LAST_ALIVE
#endif

inline check() {
  assert(there != 0 || !(READY(0) || READY(1)
#if NUMBERS > 2
    || READY(2)
#endif
#if NUMBERS > 3
    || READY(3)
#endif
  ))
}

/* Creating a record: the one step that makes a version. */
inline create_record(w, n) {
  if
  :: taken[n] == FREE -> taken[n] = w; check()
  :: else
  fi
}

proctype Writer(byte w) ALIVE {
  byte first, view, excluded, known = NO_PACK, n = 1;

#ifdef SLEEPER
  /* The last writer has its lease, has found pack 0, and fell asleep: it only has to publish. */
  if
  :: w == WRITERS - 1 -> goto publish
  :: else
  fi;
#endif
#ifdef PACKS_FIRST
  known = there;
#endif
  first = newest;
  d_step { lease[w] = open; seen[w] = first };
  atomic {
#ifdef NO_SECOND_LOOK
    view = first;
#else
    view = newest;
#endif
    first = 0
  };
  atomic {
    if
    :: view == 0
    :: view > 0 && has_verdict[view] -> excluded = verdict[view]
    :: view > 0 && !has_verdict[view] -> excluded = condemned[view]
    fi;
#ifdef EXCLUDE_NOTHING
    excluded = 0;
#endif
    view = 0
  };
  atomic {                                    /* relies on what is there, or stores the chunk itself */
    known = known & (there | (known == NO_PACK -> 0 : known));
    if
    :: (known & ~excluded) != 0
    :: there = there | BIT(2 + w)
    fi;
    known = 0; excluded = 0
  };

publish:
  /* The lowest free number; then creates the next slot of its lease, if that is absent. */
  atomic {
    do
    :: n < NUMBERS && taken[n] != FREE -> n++
    :: else -> break
    od
  };
  d_step {
    if
#ifdef NO_CONTEST
    :: lease[w] == closed -> flying[w] = n
#else
    :: lease[w] == closed -> n = FREE         /* it begins again, as another writer */
#endif
    :: else -> lease[w] = publishing; target[w] = n
    fi
  };
  if
  :: n == FREE -> goto end
  :: else
  fi;
  flying[w] = n;
#ifdef END_IN_FLIGHT
  d_step { if :: lease[w] != closed -> lease[w] = gone; target[w] = FREE :: else fi };
  goto end;
#endif
  flying[w] == FREE;                          /* the answer; without one the lease stays */
  if
  :: taken[n] != w -> goto publish
  :: taken[n] == w -> d_step { if :: lease[w] != closed -> lease[w] = gone; target[w] = FREE :: else fi }
  fi;
end:
  n = 0
}

/* Delivers requests, and deletes versions. */
proctype World() ALIVE {
end:
  do
  :: atomic { flying[0] != FREE -> create_record(0, flying[0]); flying[0] = FREE }
#if WRITERS > 1
  :: atomic { flying[1] != FREE -> create_record(1, flying[1]); flying[1] = FREE }
#endif
#if WRITERS > 2
  :: atomic { flying[2] != FREE -> create_record(2, flying[2]); flying[2] = FREE }
#endif
  :: d_step { READY(0) -> deleted[0] = true }
  :: d_step { READY(1) -> deleted[1] = true }
#if WRITERS > 1
  :: d_step { READY(2) -> deleted[2] = true }
#endif
#if WRITERS > 2
  :: d_step { READY(3) -> deleted[3] = true }
#endif
  od
}

inline look_at_versions() {
  needed = false;
  do
  :: atomic { i < NUMBERS && !needed -> needed = READY(i); i++ }
  :: atomic { i == NUMBERS || needed -> i = 0; break }
  od
}

/* Of the packs that have the chunk any will do. None, if it is not needed. */
inline list_packs_and_choose(from) {
  atomic {
    holder = 0;
    if
    :: needed ->
      if
      :: (from & 1) != 0 -> holder = 1
      :: (from & 2) != 0 -> holder = 2
      :: (from & 4) != 0 -> holder = 4
      :: (from & 8) != 0 -> holder = 8
      :: (from & 16) != 0 -> holder = 16
      :: from == 0 -> holder = NO_PACK         /* listed while it changed: the run ends */
      fi
    :: else
    fi
  }
}

/* Creates the closing of lease i, if that slot is absent, and does what the lease has left to do; or finds that
 * it has moved. A lease that another collector has closed has not ended before what it has left to do is done. */
inline may_close() {
#ifdef CLOSED_IS_ENDED
  mine_to_end = true;
#endif
  if
#ifndef NO_CLOSING
  :: atomic { lease[i] == open -> lease[i] = closed; target[i] = FREE; lives = false }
  :: atomic { lease[i] == publishing -> lease[i] = closed; lives = false }
#endif
  :: atomic { LIVES(i) && !last -> lives = true }
#ifdef NO_CLOSING
  :: atomic { LIVES(i) -> lives = true }
#endif
  :: atomic {
       !LIVES(i) -> lives = false
#ifdef CLOSED_IS_ENDED
       ; mine_to_end = false
#endif
     }
  fi;
#ifndef NO_ROLL_FORWARD
  atomic {
    if
    :: !lives && lease[i] == closed && target[i] != FREE && MINE -> create_record(i, target[i]); target[i] = FREE
    :: else
    fi
  }
#endif
}

proctype Collector(bool last) LAST_ALIVE {
  byte h, i, known, holder, mine, owned, runs;
  bool needed, second, lives;
#ifdef CLOSED_IS_ENDED
  bool mine_to_end;
#endif

  if
  :: last -> d_step { last_one = _pid; frozen = true }
  :: else
  fi;
again:
  if
  :: atomic { !second -> h = newest }
  :: else
  fi;
  if
  :: atomic { h > 0 && !has_verdict[h] };
#ifdef KEEP_CONDEMNED
    if :: !second -> goto end_of_run :: else fi;
#endif
#ifdef LOOK_TOO_EARLY
    look_at_versions();
#endif
#ifndef NO_WAIT
    do                                         /* leases that may rely on what h condemns must end */
    :: atomic { i < WRITERS && (lease[i] == none || lease[i] == gone || seen[i] >= h) -> i++ }
    :: i < WRITERS && lease[i] != none && lease[i] != gone && seen[i] < h ->
      may_close();
      if
      :: atomic { lives -> i = 0; goto end_of_run }
      :: atomic { !lives -> i++ }
      fi
    :: atomic { i == WRITERS -> i = 0; break }
    od;
#endif
#ifndef LOOK_TOO_EARLY
    look_at_versions();
#endif
#ifdef RESCUE_ANY
    list_packs_and_choose(there);
#else
    if                                         /* a pack that is not condemned will do, and rescues none */
    :: atomic { (there & ~condemned[h]) != 0 -> needed = false }
    :: atomic { (there & ~condemned[h]) == 0 }
    fi;
    list_packs_and_choose(there);
#endif
    if
    :: holder == NO_PACK -> goto end_of_run
    :: else
    fi;
#ifdef NO_RESCUE
    holder = 0;
#endif
    d_step {                                   /* creates the verdict if it is absent */
      if
      :: !has_verdict[h] -> has_verdict[h] = true; verdict[h] = condemned[h] & ~holder
      :: else
      fi;
#ifdef TWO_VERDICTS
      mine = condemned[h] & ~holder;
#else
      mine = verdict[h];
#endif
      holder = 0; needed = false
    }
#ifdef NEXT_TOO_EARLY
  :: h > 0 && has_verdict[h]
#else
  :: atomic { h > 0 && has_verdict[h] -> mine = verdict[h] }
#endif
  :: h == 0
  fi;
  do
  :: atomic { mine != 0 -> there = there & ~LOWEST(mine); mine = mine & (mine - 1); check() }
  :: atomic { mine == 0 -> break }
  od;
  if
  :: second || h == COLLECTIONS -> goto end_of_run
  :: else
  fi;
  /* The next collection: what is there, has no live writer, and is not needed. */
  known = there;
  do
  :: i < WRITERS ->
    may_close();
    atomic { owned = owned | (lives -> BIT(2 + i) : 0); lives = false; i++ }
  :: atomic { i == WRITERS -> i = 0; break }
  od;
  look_at_versions();
  list_packs_and_choose(known);
  if
  :: holder == NO_PACK -> goto end_of_run
  :: else
  fi;
  atomic {
    known = known & ~holder & ~owned;
    owned = 0; holder = 0; needed = false
  };
  if
  :: known == 0 -> goto end_of_run
  :: else
  fi;
  d_step {                                     /* creates it if it is absent */
    if
    :: newest == h -> newest = h + 1; condemned[newest] = known
    :: else
    fi;
    known = 0; h = h + 1; second = true
  };
  goto again;

end_of_run:
  atomic {
    h = 0; known = 0; holder = 0; owned = 0; mine = 0; needed = false; second = false; lives = false;
    runs++
  };
  if
  :: runs < (last -> 2 : RUNS) -> goto again
  :: else
  fi;
  if
  :: last ->                                   /* two runs have freed what nothing needs */
    look_at_versions();
    assert(needed -> (there != 0 && (there & (there - 1)) == 0) : there == 0)
  :: else
  fi
}

init {
  byte i;
  atomic {
    do
    :: i < NUMBERS -> taken[i] = (i == 0 -> FREE - 1 : FREE); i++
    :: else -> break
    od;
    i = 0;
    do
    :: i < WRITERS -> lease[i] = none; target[i] = FREE; flying[i] = FREE; i++
    :: else -> break
    od;
#ifdef SLEEPER
    lease[WRITERS - 1] = open;
#endif
    run World();
    i = 0;
    do
    :: i < WRITERS -> run Writer(i); i++
    :: else -> break
    od;
    i = 0;
    do
    :: i < COLLECTORS -> run Collector(false); i++
    :: else -> break
    od;
#ifdef FROZEN
    run Collector(true);
#endif
    i = 0
  }
}
