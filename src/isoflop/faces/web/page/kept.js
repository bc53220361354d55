// A page that was saved: the same desk and tables, at the question that was asked, without a server.
const held = (id) => JSON.parse(document.getElementById(id).textContent);
const keptState = held("state"), source = { data: held("data"), title: keptState.title };
source.desk = desk({ data: source.data, laws, fresh, around: held("around") });
document.getElementById("view").append(...view(source, { around: held("around") }).nodes);
source.desk.set({ ...keptState.state, unique: keptState.state.unique ?? Infinity });
