// Requests that carry records to the server, one at a time and in order (P38).

/** Bytes of records in one request: a server, and a browser whose page unloads, takes this much. */
const maxRequestBytes = 49_152;

export interface Uploads {
  /** Sends a record with the next request. */
  push(record: Uint8Array<ArrayBuffer>): void;
  /**
   * Sends this last record and all that wait, in a request of its own beside the one that is under way: the page may
   * go. The server puts them in order. What is too large for such a request is sent request by request. Resolves once
   * the server has answered, or never will.
   */
  end(record: Uint8Array<ArrayBuffer>): Promise<unknown>;
}

/** @param upload makes one request. With `isLast`, the request outlives the page. */
export function createUploads(
  upload: (records: readonly Uint8Array<ArrayBuffer>[], isLast: boolean) => Promise<Response>,
  failed: (error: unknown) => void,
): Uploads {
  const waiting: Uint8Array<ArrayBuffer>[] = [];
  let isUploading = false;
  let uploaded: Promise<void> | null = null;

  /** Takes as many records as fit into one request, and at least one. */
  const takeRecords = (): readonly Uint8Array<ArrayBuffer>[] => {
    let count = 1;
    let bytes = waiting[0]?.length ?? 0;
    for (const { length } of waiting.slice(1)) {
      bytes += length;
      if (bytes > maxRequestBytes) break;
      count++;
    }
    return waiting.splice(0, count);
  };
  const uploadAll = async (): Promise<void> => {
    isUploading = true;
    while (waiting.length) {
      const { status } = await upload(takeRecords(), false);
      if (status !== 204) throw new Error(`HTTP ${status}`);
    }
    isUploading = false;
  };
  const start = (): void => {
    if (!isUploading) uploaded = uploadAll().catch(failed);
  };
  return {
    push(record) {
      waiting.push(record);
      start();
    },
    end(record) {
      waiting.push(record);
      const bytes = waiting.reduce((sum, { length }) => sum + length, 0);
      const last = bytes > maxRequestBytes ? start() : upload(waiting.splice(0), true);
      return Promise.allSettled([uploaded, last]);
    },
  };
}
