// The questions asked, a step each: a list of this page's own, so that Undo never waits for the browser, whose history
// only mirrors it. A knob that moves again before it rests changes its step; whatever else is asked is a step of its own.

// addressOf gives the address of a step { source, state }; show brings one back; told hears whether there is one before
// and one after that which stands. The browser is told of a moving knob once it rests.
export const steps = ({ addressOf, show, told }) => {
  const all = [];
  let place = -1, moving = "", owed = false;
  const mirror = (how) => {
    owed = false;
    const address = addressOf(all[place]);
    history[how === "pushState" && (place === 0 || address === location.hash) ? "replaceState" : how]({ step: place }, "", address);
  };
  const rest = () => { moving = ""; if (owed) mirror("pushState"); };
  const go = (to) => {
    if (!all[to]) return;
    rest();
    place = to;
    mirror("replaceState");
    show(all[place]);
    told(place > 0, place < all.length - 1);
  };
  const add = (step, knob = "", how = "pushState") => {
    const again = knob && knob === moving;
    if (!again) rest();
    if (!again && all[place] && addressOf(all[place]) === addressOf(step)) return;
    if (!again) place += 1;
    all.splice(place, Infinity, step);
    told(place > 0, false);
    if (knob) [moving, owed] = [knob, true]; else mirror(how);
  };
  // The step that the browser's history has come to, if it is one of these: it is shown again.
  const found = (entry) => {
    const step = all[entry?.step];
    if (!step || addressOf(step) !== location.hash) return false;
    if (entry.step !== place) go(entry.step);
    return true;
  };
  return { add, rest, found, undo: () => go(place - 1), redo: () => go(place + 1) };
};
