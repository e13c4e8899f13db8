/** A magnifying glass that shows the picture, without points, around a place. */

const TIMES = 8; // magnification of the picture's pixels, on the screen
const AWAY = 26; // pixels of the screen between the place and the glass

export class Loupe {
  /** @param {HTMLCanvasElement} canvas Lies over the stage's canvas. */
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    canvas.width = canvas.height = Math.round(canvas.clientWidth * devicePixelRatio) || 180;
    canvas.hidden = true;
  }

  hide() {
    this.canvas.hidden = true;
  }

  /** Show the place `{x, y}` of the stage's picture, beside it on the screen. */
  show(stage, at) {
    const { canvas, pen } = this;
    if (!stage.picture || !at) return this.hide();
    canvas.hidden = false;
    const side = canvas.width;
    const times = Math.max(TIMES, 2 * stage.scale) * devicePixelRatio;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.fillStyle = "#101010";
    pen.fillRect(0, 0, side, side);
    pen.imageSmoothingEnabled = false;
    pen.setTransform(times, 0, 0, times, side / 2 - (at.x + 0.5) * times, side / 2 - (at.y + 0.5) * times);
    pen.drawImage(stage.picture, 0, 0);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    this.#cross(side);
    this.#move(stage, at);
  }

  #cross(side) {
    const { pen } = this;
    const gap = 6 * devicePixelRatio;
    for (const [colour, width] of [["rgb(0 0 0 / 70%)", 3], ["#fff", 1]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = width * devicePixelRatio;
      pen.beginPath();
      for (const [from, to] of [[0, side / 2 - gap], [side / 2 + gap, side]]) {
        pen.moveTo(from, side / 2);
        pen.lineTo(to, side / 2);
        pen.moveTo(side / 2, from);
        pen.lineTo(side / 2, to);
      }
      pen.stroke();
    }
    pen.fillStyle = "#fff";
    pen.fillRect(side / 2 - devicePixelRatio / 2, side / 2 - devicePixelRatio / 2, devicePixelRatio, devicePixelRatio);
  }

  /** Put the glass above and to the right of the place, where there is room. */
  #move(stage, at) {
    const [x, y] = stage.place(at);
    const { clientWidth: width, clientHeight: height } = stage.canvas;
    const side = this.canvas.clientWidth;
    const left = x + AWAY + side <= width ? x + AWAY : x - AWAY - side;
    const top = y - AWAY - side >= 0 ? y - AWAY - side : y + AWAY;
    this.canvas.style.transform = `translate(${clamp(left, width - side)}px, ${clamp(top, height - side)}px)`;
  }
}

function clamp(value, most) {
  return Math.round(Math.min(Math.max(value, 0), Math.max(most, 0)));
}
