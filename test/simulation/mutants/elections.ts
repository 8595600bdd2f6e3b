import type { Mutant } from "./mutant.ts";

const VOTER = "packages/raft/src/voter.ts";
const CANDIDATE = "packages/raft/src/candidate.ts";
const STATE = "packages/raft/src/state.ts";
const RAFT = "packages/raft/src/raft.ts";

/** Votes, terms, and who may lead. */
export const ELECTION_MUTANTS: readonly Mutant[] = [
  {
    id: "grant-twice",
    bug: "R11, Raft 5.2",
    title: "A voter grants every candidate of a term its vote",
    simulator: "consensus",
    edits: [
      {
        file: VOTER,
        find: "const granted = (isFree || state.vote === message.from) && isLogNewEnough(state, message);",
        replace: "const granted = isLogNewEnough(state, message);",
      },
    ],
  },
  {
    id: "vote-for-any-log",
    bug: "R4, Raft 5.4.1",
    title: "A vote is granted without a look at the candidate's log",
    simulator: "consensus",
    edits: [
      {
        file: VOTER,
        find: "const granted = (isFree || state.vote === message.from) && isLogNewEnough(state, message);",
        replace: "const granted = isFree || state.vote === message.from;",
      },
    ],
  },
  {
    id: "vote-for-longer-log",
    bug: "R4, Raft 5.4.1",
    title: "Logs are compared by length alone, not by last term first",
    simulator: "consensus",
    edits: [
      {
        file: "packages/raft/src/log.ts",
        find: "if (lastTerm !== this.lastTerm) return lastTerm > this.lastTerm;",
        replace: "",
      },
    ],
  },
  {
    id: "vote-before-fsync",
    bug: "R11, Raft Figure 2",
    title: "Votes leave before term and vote are durable",
    simulator: "consensus",
    edits: [
      {
        file: STATE,
        find: "if (!state.unstable.holds(state.term, state.vote)) return false;",
        replace: "",
      },
    ],
  },
  {
    id: "own-vote-before-fsync",
    bug: "R1, thesis 10.2.1",
    title: "A candidate counts its own vote before it is durable",
    simulator: "consensus",
    edits: [
      {
        file: CANDIDATE,
        find: 'requestVotes(state, "vote", isTransfer);',
        replace:
          'requestVotes(state, "vote", isTransfer); state.votes.set(state.id, true); onVotesChanged(state);',
      },
    ],
  },
  {
    id: "vote-forgotten",
    bug: "R11, Raft Figure 2",
    title: "A restart forgets who got the vote of the term",
    simulator: "consensus",
    edits: [{ file: STATE, find: "this.vote = hardState.vote;", replace: "this.vote = 0n;" }],
  },
  {
    id: "term-not-written",
    bug: "R10, Raft Figure 2",
    title: "A new term is written only if a vote was given in it",
    simulator: "consensus",
    edits: [
      {
        file: RAFT,
        find: "return this.#handedHardState.term !== term || this.#handedHardState.vote !== vote;",
        replace: "return this.#handedHardState.vote !== vote;",
      },
    ],
  },
  {
    id: "half-is-a-quorum",
    bug: "R1, Raft 5.2",
    title: "Half of an even number of voters passes for a majority",
    simulator: "consensus",
    edits: [
      {
        file: "packages/raft/src/quorum.ts",
        find: "Math.floor(voterCount / 2) + 1",
        replace: "Math.ceil(voterCount / 2)",
      },
    ],
  },
  {
    id: "pre-votes-elect",
    bug: "R1, thesis 9.6",
    title: "Grants of the pre-vote count as votes of the election",
    simulator: "consensus",
    edits: [
      {
        file: CANDIDATE,
        find: 'state.votes.clear();\n  restartElectionTimer(state);\n  requestVotes(state, "vote", isTransfer);',
        replace:
          'restartElectionTimer(state);\n  requestVotes(state, "vote", isTransfer);\n  if (state.votes.size > 0) onVotesChanged(state);',
      },
    ],
  },
  {
    id: "votes-of-older-terms",
    bug: "R1, Raft 5.1",
    title: "A candidate counts votes that it was granted in an earlier term",
    simulator: "consensus",
    edits: [
      {
        file: "packages/raft/src/dispatch.ts",
        find: "if (message.term < state.term) {",
        replace: 'if (message.term < state.term && message.type !== "vote-response") {',
      },
    ],
  },
  {
    id: "pre-vote-raises-term",
    bug: "R14, thesis 9.6",
    title: "A pre-vote moves the term of whoever is asked",
    simulator: "consensus",
    edits: [
      {
        file: "packages/raft/src/dispatch.ts",
        find: 'case "pre-vote":\n      return true;\n    case "vote":',
        replace:
          'case "pre-vote":\n      becomeFollower(state, message.term, 0n);\n      return true;\n    case "vote":',
      },
    ],
  },
  {
    id: "pre-vote-remembers-leader",
    bug: "H3",
    title: "Pre-votes are refused as long as anybody remembers a leader, heard or not",
    simulator: "consensus",
    edits: [
      {
        file: STATE,
        find: "state.leader !== 0n &&\n    state.electionElapsed < state.config.electionTicks",
        replace: "state.leader !== 0n",
      },
      {
        file: CANDIDATE,
        find: 'state.role = "pre-candidate";\n  state.leader = 0n;',
        replace: 'state.role = "pre-candidate";',
      },
    ],
  },
  {
    id: "no-op-missing",
    bug: "R12, Raft 8",
    title: "A new leader opens its term without an entry of its own",
    simulator: "consensus",
    edits: [
      {
        file: "packages/raft/src/leader.ts",
        find: 'followMembership(state);\n  appendOwn(state, "command", NO_OP);',
        replace: "followMembership(state);",
      },
    ],
  },
];
