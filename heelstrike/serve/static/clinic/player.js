/**
 * A video by frame numbers. What is presented is told by the picture's own time stamp, never by a clock or a rate, so that
 * the number is that of the picture in every case: variable frame rates, dropped frames, seeks that overtake each other.
 */

import { nearest } from "./columns.js";

const MICROSECONDS = 1e6;
const PATIENCE_MS = 300; // after a seek has ended

/**
 * Emits `frame` with `{index, picture}` whenever another picture is presented, which the receiver owns, and `wanted` with the
 * number of a frame when the video begins to seek it.
 */
export class Player extends EventTarget {
  #wanted = null; // the frame that is to be shown, null if it is there
  #target = null; // the frame that the video seeks now, null if it does not

  /** True if this browser can tell which picture of a video it presents. */
  static get supported() {
    return typeof VideoFrame === "function" && "requestVideoFrameCallback" in HTMLVideoElement.prototype;
  }

  /**
   * @param {HTMLVideoElement} video The element; its file begins at 0 s.
   * @param {ArrayLike<number>} mediaTimes Time stamp of each frame in the video's file, rising, seconds.
   */
  constructor(video, mediaTimes) {
    super();
    this.video = video;
    this.mediaTimes = mediaTimes;
    this.index = -1;
    const watch = () => {
      video.requestVideoFrameCallback(watch);
      this.#present();
    };
    video.requestVideoFrameCallback(watch);
    // the first picture may be presented before it can be read
    for (const name of ["loadeddata", "canplay"]) video.addEventListener(name, () => this.#present());
    video.addEventListener("seeked", () => this.#arrived());
  }

  /** True while the picture that was asked for last is not there yet. */
  get seeking() {
    return this.#wanted !== null;
  }

  get playing() {
    return !this.video.paused && !this.video.ended;
  }

  /** Show a frame. While a seek is under way, only the latest wish is kept. */
  seek(index) {
    this.#wanted = Math.min(Math.max(index, 0), this.mediaTimes.length - 1);
    if (this.#target === null) this.#start();
  }

  step(frames) {
    this.video.pause();
    this.seek((this.#wanted ?? this.index) + frames);
  }

  toggle() {
    if (this.playing) this.video.pause();
    else this.video.play();
  }

  #start() {
    this.#target = this.#wanted;
    if (this.#target === this.index) this.#reached();
    else {
      this.video.currentTime = this.#middle(this.#target);
      this.dispatchEvent(new CustomEvent("wanted", { detail: this.#target }));
    }
  }

  #reached() {
    if (this.#wanted === this.#target) this.#wanted = null;
    this.#target = null;
    if (this.#wanted !== null) this.#start();
  }

  /** Return a time well within a frame, since players round the times of its ends. */
  #middle(index) {
    const times = this.mediaTimes;
    const last = index + 1 === times.length;
    const length = last ? (index ? times[index] - times[index - 1] : 0) : times[index + 1] - times[index];
    return times[index] + Math.min(length / 2, last ? 0.005 : Infinity);
  }

  #arrived() {
    const target = this.#target;
    this.#present();
    requestAnimationFrame(() => requestAnimationFrame(() => this.#present()));
    setTimeout(() => {
      this.#present();
      if (target !== null && this.#target === target) this.#reached(); // the file has no such frame
    }, PATIENCE_MS);
  }

  /** Return the picture that is presented, which stays as it is while the video goes on; null while there is none. */
  #picture() {
    try {
      return new VideoFrame(this.video);
    } catch {
      return null; // after the first data or a seek there may be no picture for a moment
    }
  }

  #present() {
    if (this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    const picture = this.#picture();
    if (!picture) {
      requestAnimationFrame(() => this.#present());
      return;
    }
    const index = nearest(this.mediaTimes, picture.timestamp / MICROSECONDS);
    const other = index !== this.index;
    this.index = index;
    if (index === this.#target) this.#reached();
    if (other) this.dispatchEvent(new CustomEvent("frame", { detail: { index, picture } }));
    else picture.close();
  }
}
