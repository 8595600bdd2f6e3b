/**
 * Why a watch was canceled, where that is not one of {@link EtcdErrors}: `WatchResponse.cancel_reason`.
 * A refusal given there by the authorization check has the form of {@link goErrorText}.
 */
export const WatchCancelReasons = {
  emptyRange: "mvcc: watcher range is empty",
  duplicateId: "mvcc: duplicate watch ID provided on the WatchStream",
} as const;
