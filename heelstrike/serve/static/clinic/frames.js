/** The frames of a result, loaded in blocks when they are needed. */

const BLOCK = 64; // frames
const MOST = 64; // blocks that are kept

export class FrameStore {
  #blocks = new Map();

  /**
   * @param {string} url Address of the frames.
   * @param {number} count Number of frames.
   */
  constructor(url, count) {
    this.url = url;
    this.count = count;
  }

  /** Return a frame if it is loaded already, else null. */
  get(index) {
    const block = this.#blocks.get(Math.floor(index / BLOCK));
    return block?.frames?.[index % BLOCK] ?? null;
  }

  /** Load a frame, and the block after it, which playback needs next. */
  async load(index) {
    const number = Math.floor(index / BLOCK);
    await this.#fetch(number).loading;
    if ((number + 1) * BLOCK < this.count) this.#fetch(number + 1); // not before, since that would delay this one
    return this.get(index);
  }

  #fetch(number) {
    let block = this.#blocks.get(number);
    this.#blocks.delete(number); // put behind the others, since it was used last
    if (!block) {
      block = { frames: null };
      block.loading = this.#read(number).then(
        (frames) => (block.frames = frames),
        () => this.#blocks.delete(number), // a later wish for the frame asks again
      );
    }
    this.#blocks.set(number, block);
    if (this.#blocks.size > MOST) this.#blocks.delete(this.#blocks.keys().next().value);
    return block;
  }

  async #read(number) {
    const response = await fetch(`${this.url}?first=${number * BLOCK}&count=${BLOCK}`);
    if (!response.ok) throw new Error(`frames cannot be loaded (${response.status})`);
    return response.json();
  }
}
