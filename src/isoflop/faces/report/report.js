const held = (id) => JSON.parse(document.getElementById(id).textContent);
const shown = desk({ data: held("data"), laws, fresh, around: held("around") });
document.getElementById("desk").append(shown.node);
shown.set({});
